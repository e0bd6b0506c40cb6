"""`clearspan provider start` and `status`."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Any

import typer

from clearspan import exits
from clearspan.swap.trading import cash_access
from exchange.sdk.json_http import JsonClient, JsonServer
from exchange.sdk.quote_http import questions_of
from relayers.liquidity.config import ProviderConfig
from relayers.liquidity.provider import Provider


def run_start(config_file: Path, stop: threading.Event | None = None, tell: Callable[[str], None] = typer.echo) -> int:
    """Serve quotes and step until told to stop. Steps and answers take turns."""
    config = ProviderConfig.load(config_file)
    terms = config.terms()
    wallet = config.unlock((lambda: getpass("password: ")) if sys.stdin.isatty() else None)
    chains = config.connect()
    desk = config.desk(wallet, chains, cash_access(config, chains))
    provider = Provider(desk, terms)
    stop = stop or _on_signals()
    questions = {**questions_of(provider), "status": lambda _: provider.status()}
    try:
        with JsonServer(questions, host=config.listen.host, port=config.listen.port) as server:
            tell(f"{desk.address} quotes at {server.url}")
            while not stop.is_set():
                for action in provider.step().actions:
                    tell(f"{action.subject} {action.did.value}: {action.detail}")
                stop.wait(config.habits.every_seconds)
    finally:
        desk.book.close()
    return exits.OK


def run_status(config_file: Path, *, as_json: bool) -> int:
    """What the running provider says; leaves with 3 where none answers."""
    listen = ProviderConfig.load(config_file).listen
    host = "127.0.0.1" if listen.host in {"0.0.0.0", "::"} else listen.host  # noqa: S104 - where it is asked, not bound
    found = JsonClient(f"http://{host}:{listen.port}").ask("status", {})
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return exits.OK
    typer.echo(f"{found['provider']}: {found['open_swaps']} open swaps")
    for row in found["inventory"]:
        typer.echo(_line(row))
    for swap in found["swaps"]:
        ended = swap["outcome"] or swap["tried"] or "agreed"
        typer.echo(f"{swap['swap']} {swap['role']} {swap['guarantee']}: {ended}")
    return exits.OK


def _line(row: dict[str, Any]) -> str:
    return (
        f"chain {row['chain_id']} {row['asset']}: {row['balance']} base units, {row['committed']} promised, "
        f"{row['limit']} at stake at most"
    )


def _on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
