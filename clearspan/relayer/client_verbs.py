"""`clearspan client list` and `clearspan client update`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import typer

from bridge.light_clients import ClientStatus, LightClient
from clearspan import exits
from relayers.operating import config_rules
from relayers.operating.assembly import Assembly
from relayers.operating.chain_building import connect_chains
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import Reason, Rejected, Unavailable
from relayers.operating.process import open_store

UPDATE_SECONDS = 120.0
POLL_SECONDS = 0.5


def run_list(config_file: Path, *, as_json: bool) -> int:
    """One line per client."""
    assembly = _assemble(config_rules.load(config_file))
    rows = [_row(assembly, here, follows, client) for (here, follows), client in assembly.clients().items()]
    if as_json:
        typer.echo(json.dumps({"clients": rows}, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['client']}: {row['status']}, height {row['height']}, expires in {row['expires_in']} s")
    return exits.OK


def run_update(config_file: Path, name: str, *, seconds: float, as_json: bool) -> int:
    """Demand the newest final height of whichever process updates clients, and wait until the client has it."""
    assembly = _assemble(config_rules.load(config_file))
    here, follows = _named(assembly, name)
    client = assembly.client(here, follows)
    wanted = assembly.chains[follows].finalized_header().number
    assembly.store.demand(client.key, wanted)
    deadline = time.monotonic() + seconds
    while (height := client.latest_height()) < wanted:
        if time.monotonic() >= deadline:
            message = f"{name} is at height {height}, demanded is {wanted}; does an updater run?"
            raise Unavailable(Reason.TIMED_OUT, message)
        time.sleep(POLL_SECONDS)
    if as_json:
        typer.echo(json.dumps({"client": name, "height": height}, indent=2))
    else:
        typer.echo(f"{name}: height {height}")
    return exits.OK


def _named(assembly: Assembly, name: str) -> tuple[str, str]:
    for here, follows in assembly.clients():
        if f"{follows}@{here}" == name:
            return here, follows
    known = ", ".join(f"{follows}@{here}" for here, follows in assembly.clients())
    raise Rejected(Reason.UNKNOWN_ROUTE, f"no client is named {name}; known: {known}")


def _assemble(config: RelayerConfig) -> Assembly:
    return Assembly(
        config=config,
        deployment=config.network(),
        chains=connect_chains(config),
        signers={},
        store=open_store(config, None),
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
