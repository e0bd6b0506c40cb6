"""`clearspan provider`. Everything heavy is imported inside the commands, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

provider = typer.Typer(help="Provide liquidity for swaps.", no_args_is_help=True, rich_markup_mode=None)
ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The provider's file.", envvar="CLEARSPAN_PROVIDER_CONFIG")
]
DEFAULT_CONFIG = Path("provider.toml")


@provider.command("start")
def start(*, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Quote and settle swaps until SIGTERM; may be killed at any time and started again."""

    def run() -> int:
        from clearspan.provider.command import run_start  # noqa: PLC0415

        return run_start(config_file)

    finish(run)


@provider.command("status")
def status(
    *,
    config_file: ConfigFile = DEFAULT_CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")] = False,
) -> None:
    """Ask the running provider what it holds, what it has promised, and how its swaps stand."""

    def run() -> int:
        from clearspan.provider.command import run_status  # noqa: PLC0415

        return run_status(config_file, as_json=as_json)

    finish(run)
