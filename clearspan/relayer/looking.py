"""`clearspan relayer status`, `clearspan relayer reload` and `clearspan health-check`: asks the running process."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import requests
import typer

from clearspan import exits
from relayers.operating import config_rules
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import Reason, Rejected, Unavailable

RELOAD_SECONDS = 15.0
POLL_SECONDS = 0.1


def run_status(config_file: Path, *, as_json: bool) -> int:
    """Print what `/status` tells."""
    status = _ask(config_rules.load(config_file), "/status")
    if as_json:
        typer.echo(json.dumps(status, indent=2))
        return exits.OK
    typer.echo("ready" if not status["not_ready"] else "not ready")
    for reason in status["not_ready"]:
        typer.echo(f"  {reason}")
    if status["config_error"]:
        typer.echo(f"the last reload was refused: {status['config_error']}")
    for name, worker in status["workers"].items():
        blocked = f", blocked by {worker['blocked_by']}" if worker["blocked_by"] else ""
        typer.echo(f"{name}: stepped {worker['stepped_seconds_ago']:g} s ago{blocked}")
    for route, backlog in status["backlog"].items():
        oldest = backlog.pop("oldest_seconds")
        counts = ", ".join(f"{count} {state}" for state, count in sorted(backlog.items())) or "nothing waits"
        typer.echo(f"{route}: {counts}" + (f", the oldest for {oldest:.0f} s" if backlog else ""))
        for why, count in sorted(status["waits"].get(route, {}).items()):
            typer.echo(f"  {count} wait for {why}")
    for one in status["money"]:
        net = int(one["earned_wei"]) - int(one["spent_wei"])
        what = f"{one['route'] or 'for all routes'} on {one['chain']}"
        typer.echo(f"{what}: earned {one['earned_wei']} wei, spent {one['spent_wei']} wei, {net:+d}")
    for scope in status["paused"]:
        typer.echo(f"{scope} is paused")
    return exits.OK


def run_health_check(config_file: Path, *, as_json: bool) -> int:
    """0 when ready; 3 otherwise, with the reasons."""
    answer = _ask(config_rules.load(config_file), "/ready")
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
    else:
        typer.echo("ready" if answer["ready"] else "not ready: " + "; ".join(answer["reasons"]))
    return exits.OK if answer["ready"] else exits.UNAVAILABLE


def run_reload(config_file: Path) -> int:
    """Validate here first, then signal the process and wait for its verdict."""
    config = config_rules.load(config_file)
    before = _ask(config, "/status")
    if Path(before["config"]).resolve() != config_file.resolve():
        raise Rejected(Reason.NOT_RUNNING, f"the process at this address runs from {before['config']}")
    os.kill(before["pid"], signal.SIGHUP)
    deadline = time.monotonic() + RELOAD_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        now = _ask(config, "/status")
        if now["reloads"] == before["reloads"]:
            continue
        if now["config_error"]:
            raise Rejected(Reason.CONFIG_INVALID, now["config_error"])
        typer.echo(f"reloaded: {', '.join(now['workers'])}")
        return exits.OK
    raise Unavailable(Reason.TIMED_OUT, f"no verdict in {RELOAD_SECONDS:g} s")


def _ask(config: RelayerConfig, path: str) -> dict[str, Any]:
    host = "127.0.0.1" if config.listen.host in {"0.0.0.0", "::"} else config.listen.host  # noqa: S104 - where to ask
    try:
        answer = requests.get(f"http://{host}:{config.listen.port}{path}", timeout=5, allow_redirects=False)
        found: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(Reason.NOT_RUNNING, f"{host}:{config.listen.port}") from error
    return found
