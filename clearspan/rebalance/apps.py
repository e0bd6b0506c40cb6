"""`clearspan rebalance`. Everything heavy is imported inside the commands, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

rebalance = typer.Typer(
    help="Bring cash to chains where vaults are short, for a rebate.", no_args_is_help=True, rich_markup_mode=None
)
ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="Chains, wallet and exchange.", envvar="CLEARSPAN_SWAP_CONFIG")
]
DEFAULT_CONFIG = Path("swap.toml")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]


@rebalance.command("offers")
def offers(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List what is short and what bringing it pays, by the batches on the settlement chain."""

    def run() -> int:
        from clearspan.rebalance.command import run_offers  # noqa: PLC0415

        return run_offers(config_file, as_json=as_json)

    finish(run)


@rebalance.command("take")
def take(  # noqa: PLR0913 - its options
    *,
    bring: Annotated[str, typer.Option(help='What you deposit, as "2500 USDC@beta".', show_default=False)],
    source: Annotated[str, typer.Option("--from", help="Chain to be paid on.", show_default=False)],
    min_rebate: Annotated[str, typer.Option(help="Least rebate you accept, in USD.")] = "0",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Reserve both sides, then deposit; the withdrawal follows by itself."""

    def run() -> int:
        from clearspan.rebalance.command import run_take  # noqa: PLC0415

        return run_take(config_file, bring, source, min_rebate, yes=yes, as_json=as_json)

    finish(run)
