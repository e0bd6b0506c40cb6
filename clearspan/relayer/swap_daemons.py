"""The daemons of swaps: `clearspan daemon settler|provider start`. Each has a file of its own, named in `options`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import RLock
from typing import Any

from clearspan.swap.trading import cash_access
from exchange.sdk.json_http import JsonServer
from exchange.sdk.quote_http import questions_of
from relayers.liquidity.config import ProviderConfig
from relayers.liquidity.provider import Provider
from relayers.operating.assembly import Assembly
from relayers.operating.config import Section
from relayers.operating.registry import DAEMONS
from relayers.reports import Daemon, StepReport
from relayers.swap_config import SwapConfig
from relayers.swap_settler import SwapSettler


class FileOptions(Section):
    """`options` of `[daemons.settler]` and `[daemons.provider]`: `swap.toml`, `provider.toml`."""

    config: Path


def build_settler(assembly: Assembly) -> Mapping[str, Daemon]:
    """Settles the swaps of a party's book."""
    return {"settler": assembly.hold("settler", lambda: _settler(assembly.options("settler", FileOptions).config))}


def build_provider(assembly: Assembly) -> Mapping[str, Daemon]:
    """Quotes on a port of its own, and settles what was agreed."""
    return {"provider": assembly.hold("provider", lambda: _provider(assembly.options("provider", FileOptions).config))}


def register() -> None:
    """Make them known to the relayer process."""
    DAEMONS.setdefault("settler", build_settler)
    DAEMONS.setdefault("provider", build_provider)


def _settler(path: Path) -> Daemon:
    config = SwapConfig.load(path)
    chains = config.connect()
    desk = config.desk(config.unlock(), chains, cash_access(config, chains))
    return SwapSettler(desk.book, desk.port)


def _provider(path: Path) -> Daemon:
    config = ProviderConfig.load(path)
    chains = config.connect()
    provider = Provider(config.desk(config.unlock(), chains, cash_access(config, chains)), config.terms())
    questions = {**questions_of(provider), "status": lambda _: provider.status()}
    turn = RLock()
    server = JsonServer(questions, host=config.listen.host, port=config.listen.port, lock=turn)
    return _InTurn(provider, ExitStack().enter_context(server), turn)


class _InTurn:
    """Steps while nobody is answered."""

    def __init__(self, provider: Provider, server: JsonServer, turn: AbstractContextManager[Any]) -> None:
        self._provider = provider
        self._server = server
        self._turn = turn

    def step(self) -> StepReport:
        with self._turn:
            return self._provider.step()
