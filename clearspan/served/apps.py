"""`clearspan devnet serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

devnet = typer.Typer(help="A whole network on this machine.", no_args_is_help=True, rich_markup_mode=None)


@devnet.callback()
def _devnet() -> None:
    """A whole network on this machine."""


@devnet.command("serve")
def serve(
    *,
    directory: Annotated[Path, typer.Option("--dir", help="A new directory for all that others need.")] = Path(
        "devnet"
    ),
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1)] = 1,
    apart: Annotated[
        bool, typer.Option("--apart", help="Run no exchange: `relayer start --config DIR/operator/relayer.toml` does.")
    ] = False,
) -> None:
    """Run a network in real time on loopback ports until Ctrl-C; alice and bob have wallets and configurations."""

    def run() -> int:
        from clearspan import exits  # noqa: PLC0415
        from clearspan.served.network import ServedDevnet  # noqa: PLC0415

        with ServedDevnet(directory, seed=seed, apart=apart) as served:
            for name, url in served.urls.items():
                typer.echo(f"{name} {url}")
            for name, address in served.addresses.items():
                typer.echo(f"{name} {address} {directory / name}")
            try:
                served.run()
            except KeyboardInterrupt:
                typer.echo("stopped", err=True)
        return exits.OK

    finish(run)
