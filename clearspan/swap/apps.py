"""The commands of somebody who swaps. Everything heavy is imported inside them, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="Chains, bounds, wallet and book.", envvar="CLEARSPAN_SWAP_CONFIG")
]
DEFAULT_CONFIG = Path("swap.toml")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]


def register(app: typer.Typer) -> None:
    """Put the commands into the group."""
    app.command("propose")(propose)
    app.command("accept")(accept)
    app.command("status")(status)
    app.command("settle")(settle)
    app.command("quote")(quote)
    app.command("take")(take)
    app.command("exit")(exit_)
    app.command("enter")(enter)


def propose(  # noqa: PLR0913 - its options
    *,
    give: Annotated[str, typer.Option(help='What you lock first, as "1.5 ETH@alpha".', show_default=False)],
    take: Annotated[str, typer.Option(help='What you want for it, as "3000 USDC@beta".', show_default=False)],
    counterparty: Annotated[str, typer.Option("--with", help="Address of the other wallet.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Where to write the terms for the other party.")] = Path("terms.json"),
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Offer a swap to another wallet; nothing moves until `settle`, and then you lock first."""

    def run() -> int:
        from clearspan.swap.trading import run_propose  # noqa: PLC0415

        return run_propose(config_file, give=give, take=take, counterparty=counterparty, out=out, as_json=as_json)

    finish(run)


def accept(
    terms: Annotated[Path, typer.Argument(help="The file the other party sent.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Agree to somebody's terms if they leave room by your own rules; you lock second."""

    def run() -> int:
        from clearspan.swap.trading import run_accept  # noqa: PLC0415

        return run_accept(config_file, terms, yes=yes, as_json=as_json)

    finish(run)


def status(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print every swap of your book and how far it has come."""

    def run() -> int:
        from clearspan.swap.trading import run_status  # noqa: PLC0415

        return run_status(config_file, as_json=as_json)

    finish(run)


def settle(
    *,
    once: Annotated[bool, typer.Option("--once", help="Take one step of each swap and leave.")] = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Lock, claim and refund what is due until every swap of your book is over; may be stopped and started again."""

    def run() -> int:
        from clearspan.swap.trading import run_settle  # noqa: PLC0415

        return run_settle(config_file, once=once, as_json=as_json)

    finish(run)


Word = Annotated[
    str, typer.Option(help="What whoever gives second relies on of a lock of cash: soft, posted or final.")
]
Least = Annotated[str | None, typer.Option(help="Refuse a quote for less, in whole units of what you get.")]


def quote(
    *,
    give: Annotated[str, typer.Option(help='As "1.5 ETH@alpha"; cash is "1000 USD@exchange".', show_default=False)],
    take: Annotated[str, typer.Option(help='As "USDC@beta".', show_default=False)],
    guarantee: Word = "posted",
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Ask every configured provider and print what each would give, the best first, and what you would rely on."""

    def run() -> int:
        from clearspan.swap.quoting import run_quote  # noqa: PLC0415

        return run_quote(config_file, give=give, take=take, guarantee=guarantee, as_json=as_json)

    finish(run)


def take(  # noqa: PLR0913 - its options
    *,
    give: Annotated[str, typer.Option(help='As "1.5 ETH@alpha"; cash is "1000 USD@exchange".', show_default=False)],
    take: Annotated[str, typer.Option(help='As "USDC@beta".', show_default=False)],
    guarantee: Word = "posted",
    least: Least = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Take the best quote; then `settle`."""

    def run() -> int:
        from clearspan.swap.quoting import run_take  # noqa: PLC0415

        return run_take(config_file, give=give, take=take, guarantee=guarantee, least=least, as_json=as_json)

    finish(run)


def exit_(  # noqa: PLR0913 - its options
    *,
    cash: Annotated[str, typer.Option(help="USD of your cash on the exchange.", show_default=False)],
    to: Annotated[str, typer.Option(help='What you get, as "USDC@beta".', show_default=False)],
    guarantee: Word = "posted",
    least: Least = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Fast exit: exchange cash for an asset on a chain at the best quote, no challenge period; then `settle`."""

    def run() -> int:
        from clearspan.swap.quoting import run_take  # noqa: PLC0415

        give = f"{cash} USD@exchange"
        return run_take(config_file, give=give, take=to, guarantee=guarantee, least=least, as_json=as_json)

    finish(run)


def enter(
    *,
    give: Annotated[str, typer.Option(help='What you give, as "1000 USDC@beta".', show_default=False)],
    guarantee: Word = "posted",
    least: Least = None,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Fast entry: an asset on a chain for exchange cash at the best quote; then `settle`."""

    def run() -> int:
        from clearspan.swap.quoting import run_take  # noqa: PLC0415

        return run_take(config_file, give=give, take="USD@exchange", guarantee=guarantee, least=least, as_json=as_json)

    finish(run)
