"""`clearspan client list` and `clearspan client update`."""

from __future__ import annotations

import json
from getpass import getpass
from pathlib import Path

import typer

from bridge.light_clients import ClientStatus, LightClient
from bridge.relaying import update_client
from clearspan import exits
from relayers.operating.assembly import Assembly, unlock_signers
from relayers.operating.chain_building import connect_chains
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import Reason, Rejected
from relayers.operating.logs import redactor
from relayers.operating.process import open_store


def run_list(config_file: Path, *, as_json: bool) -> int:
    """One line per client."""
    assembly = _assemble(RelayerConfig.load(config_file), unlock=False)
    rows = [_row(assembly, here, follows, client) for (here, follows), client in assembly.clients().items()]
    if as_json:
        typer.echo(json.dumps({"clients": rows}, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['client']}: {row['status']}, height {row['height']}, expires in {row['expires_in']} s")
    return exits.OK


def run_update(config_file: Path, name: str, *, as_json: bool) -> int:
    """Submit as many headers as it takes."""
    assembly = _assemble(RelayerConfig.load(config_file), unlock=True)
    for (here, follows), client in assembly.clients().items():
        if f"{follows}@{here}" == name:
            headers = update_client(client, assembly.chains[follows], assembly.signer("updater"))
            height = client.latest_height()
            if as_json:
                typer.echo(json.dumps({"client": name, "height": height, "headers": len(headers)}, indent=2))
            else:
                typer.echo(f"{name}: height {height} after {len(headers)} updates")
            return exits.OK
    known = ", ".join(f"{follows}@{here}" for here, follows in assembly.clients())
    raise Rejected(Reason.UNKNOWN_ROUTE, f"no client is named {name}; known: {known}")


def _assemble(config: RelayerConfig, *, unlock: bool) -> Assembly:
    def ask(name: str) -> str:
        return getpass(f"password of {name}: ")

    return Assembly(
        config=config,
        deployment=config.network(),
        chains=connect_chains(config),
        signers=unlock_signers(config, redactor, ask) if unlock else {},
        store=open_store(config),
    )


def _row(assembly: Assembly, here: str, follows: str, client: LightClient) -> dict[str, str | int]:
    status, height = client.status(), client.latest_height()
    trusted = assembly.chains[follows].header(height).timestamp
    now = max(assembly.chains[here].head().timestamp, assembly.chains[here].clock.now())
    left = trusted + assembly.deployment.parameters.trusting_period_seconds - now
    return {
        "client": f"{follows}@{here}",
        "status": ClientStatus(status).name.lower(),
        "height": height,
        "expires_in": left,
    }
