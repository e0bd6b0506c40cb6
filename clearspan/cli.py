"""The `clearspan` command. Results go to stdout, progress and logs to stderr.

Exit codes: 0 ok, 1 rejected or not verified, 2 usage, 3 unavailable, 4 timed out. Everything heavy is imported inside
the commands, so that help answers at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish as _finish
from clearspan.lab.apps import lab
from clearspan.provider.apps import provider
from clearspan.rebalance.apps import rebalance
from clearspan.relayer.apps import register as register_operator
from clearspan.relayer.packet_apps import hex_digits as _hex_digits
from clearspan.relayer.packet_apps import register as register_packet_verbs
from clearspan.served.apps import devnet as devnets
from clearspan.swap.apps import register as register_swaps

app = typer.Typer(
    name="clearspan",
    help="A cross-chain clearinghouse that runs on a laptop.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

packets = typer.Typer(help="Packets between chains.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(packets, name="packet")
swaps = typer.Typer(help="Swaps between chains.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(swaps, name="swap")
register_swaps(swaps)
app.add_typer(devnets, name="devnet")
app.add_typer(provider, name="provider")
app.add_typer(rebalance, name="rebalance")
app.add_typer(lab, name="lab")
register_operator(app)
register_packet_verbs(app, packets)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]


@app.command()
def demo(
    *,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Same seed, same output.")] = 1,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep the chains' databases and the deployment file in this directory.")
    ] = None,
    replay: Annotated[
        list[Path] | None,
        typer.Option("--replay", help="Recorded perpetual market to trade; its spot file lies beside it. Repeatable."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="With --replay: use so many lines of the perpetual files.")
    ] = None,
) -> None:
    """Deposit on one chain, trade, withdraw on another; then check that everything reconciles."""
    if limit is not None and not replay:
        raise typer.BadParameter("--limit needs --replay", param_hint="--limit")

    def run() -> int:
        from clearspan.demo.command import run_demo, run_replay  # noqa: PLC0415

        if replay:
            return run_replay(replay, seed=seed, as_json=as_json, out=out, limit=limit)
        return run_demo(seed=seed, as_json=as_json, out=out)

    _finish(run)


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="What `clearspan demo --out` kept.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Rebuild the exchange's state from kept chain data alone, and compare every root."""

    def run() -> int:
        from clearspan.verify.command import run_verify  # noqa: PLC0415

        return run_verify(directory, as_json=as_json)

    _finish(run)


Kept = Annotated[
    Path, typer.Option("--dir", help="What `clearspan demo --out` kept; the current directory unless given.")
]


@packets.command("show")
def packet_show(
    packet: Annotated[
        str, typer.Argument(metavar="ID", callback=_hex_digits, help="Packet id in hex.", show_default=False)
    ],
    *,
    directory: Kept = Path(),
    config_file: Annotated[
        Path | None, typer.Option("--config", "-c", help="Ask the relayer that runs from this file instead.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a packet's timeline across its chains, or what a relayer knows of it."""

    def run() -> int:
        if config_file is not None:
            from clearspan.relayer.packet_verbs import run_show as ask_relayer  # noqa: PLC0415

            return ask_relayer(config_file, packet, as_json=as_json)
        from clearspan.packet.command import run_show  # noqa: PLC0415

        return run_show(directory, packet, as_json=as_json)

    _finish(run)


@packets.command("list")
def packet_list(*, directory: Kept = Path(), as_json: Json = False) -> None:
    """Print every packet and how far it has come."""

    def run() -> int:
        from clearspan.packet.command import run_list  # noqa: PLC0415

        return run_list(directory, as_json=as_json)

    _finish(run)


@swaps.callback()
def swap() -> None:
    """Swaps between chains."""


def _address(text: str) -> str:
    """An address, with or without the checksum of mixed case."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise typer.BadParameter("an address is 0x and 40 hex digits")
    return text


@swaps.command("recover")
def swap_recover(
    *,
    address: Annotated[str, typer.Option("--address", callback=_address, help="Whose swaps.", show_default=False)],
    directory: Kept = Path(),
    as_json: Json = False,
) -> None:
    """Find every open swap of an address, and what waits to be withdrawn, from the chains' logs alone."""

    def run() -> int:
        from clearspan.swap.command import run_recover  # noqa: PLC0415

        return run_recover(directory, address, as_json=as_json)

    _finish(run)


@app.command()
def version() -> None:
    """Print the installed version."""
    from importlib.metadata import version as installed  # noqa: PLC0415

    typer.echo(installed("clearspan"))


def main() -> None:
    """Entry point of the console script."""
    app()
