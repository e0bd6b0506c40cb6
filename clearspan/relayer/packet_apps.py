"""What an operator does to single packets and to whole routes, on the command line."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from clearspan.finishing import finish
from clearspan.relayer.apps import DEFAULT_CONFIG, ConfigFile, Json

Route = Annotated[str | None, typer.Option("--route", help="Only this route: SOURCE->DESTINATION.")]
Sender = Annotated[str | None, typer.Option("--sender", help="Only packets of this address.")]
OlderThan = Annotated[int | None, typer.Option("--older-than", min=0, help="Only those first seen so many seconds ago")]
Why = Annotated[str | None, typer.Option("--reason", help="Only those that wait or failed for it; a part is enough.")]
Note = Annotated[str, typer.Option("--note", help="Why, for whoever looks later.")]


def hex_digits(text: str) -> str:
    """The digits of a packet id, or its first eight or more."""
    digits = text.removeprefix("0x").lower()
    if not re.fullmatch(r"[0-9a-f]{8,64}", digits):
        raise typer.BadParameter("a packet id has 64 hex digits; give them all, or at least the first 8")
    return digits


PacketId = Annotated[
    str, typer.Argument(metavar="ID", callback=hex_digits, help="Packet id in hex.", show_default=False)
]
Scope = Annotated[str, typer.Argument(help="A route (SOURCE->DESTINATION) or a chain.", show_default=False)]


def register(app: typer.Typer, packets: typer.Typer) -> None:
    """Put the verbs beside `packet list` and `packet show`, and on the top."""
    packets.command("pending")(pending)
    packets.command("retry")(retry)
    packets.command("skip")(skip)
    app.command("clear")(clear)
    app.command("pause")(pause)
    app.command("resume")(resume)


def pending(  # noqa: PLR0913 - filters
    *,
    config_file: ConfigFile = DEFAULT_CONFIG,
    route: Route = None,
    sender: Sender = None,
    older_than: OlderThan = None,
    reason: Why = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1_000,
    as_json: Json = False,
) -> None:
    """Print the packets a relayer has not finished, and why."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import Selection, run_pending  # noqa: PLC0415

        chosen = Selection(route=route, sender=sender, older_than=older_than, reason=reason)
        return run_pending(config_file, chosen, limit=limit, as_json=as_json)

    finish(run)


def retry(packet: PacketId, *, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Try a packet anew in the next step, as if it had never failed."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import run_retry  # noqa: PLC0415

        return run_retry(config_file, packet, as_json=as_json)

    finish(run)


def skip(packet: PacketId, *, config_file: ConfigFile = DEFAULT_CONFIG, note: Note = "", as_json: Json = False) -> None:
    """Spend nothing more on a packet until it is retried."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import run_skip  # noqa: PLC0415

        return run_skip(config_file, packet, note=note, as_json=as_json)

    finish(run)


def clear(  # noqa: PLR0913 - filters
    *,
    config_file: ConfigFile = DEFAULT_CONFIG,
    route: Route = None,
    sender: Sender = None,
    older_than: OlderThan = None,
    reason: Why = None,
    first_nonce: Annotated[int, typer.Option("--from-nonce", min=0)] = 0,
    last_nonce: Annotated[int, typer.Option("--to-nonce", min=0)] = 2**64 - 1,
    as_json: Json = False,
) -> None:
    """Try every matching packet anew, and read missing events again."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import Selection, run_clear  # noqa: PLC0415

        chosen = Selection(route=route, sender=sender, older_than=older_than, reason=reason)
        return run_clear(config_file, chosen, first_nonce=first_nonce, last_nonce=last_nonce, as_json=as_json)

    finish(run)


def pause(scope: Scope, *, config_file: ConfigFile = DEFAULT_CONFIG, note: Note = "") -> None:
    """Spend nothing on a route or a chain from the next step on."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import run_pause  # noqa: PLC0415

        return run_pause(config_file, scope, note=note)

    finish(run)


def resume(scope: Scope, *, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Undo a pause."""

    def run() -> int:
        from clearspan.relayer.packet_verbs import run_resume  # noqa: PLC0415

        return run_resume(config_file, scope)

    finish(run)
