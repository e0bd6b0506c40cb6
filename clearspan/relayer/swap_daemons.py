"""The daemons of swaps: `clearspan daemon settler|provider start`. Each has a file of its own, named in `options`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import RLock
from typing import Any

from eth_account.signers.local import LocalAccount

from chains.chain import Chain
from clearspan.swap.trading import cash_access
from exchange.sdk.json_http import JsonServer
from exchange.sdk.quote_http import questions_of
from relayers.liquidity.config import ProviderConfig
from relayers.liquidity.provider import Provider
from relayers.operating.assembly import Assembly, submitter_policy
from relayers.operating.config import Section
from relayers.operating.registry import DAEMONS
from relayers.reports import Daemon, StepReport
from relayers.swap_config import SwapConfig
from relayers.swap_sending import SwapSender, Tended
from relayers.swap_settler import SwapSettler


class FileOptions(Section):
    """`options` of `[daemons.settler]` and `[daemons.provider]`: `swap.toml`, `provider.toml`."""

    config: Path


def build_settler(assembly: Assembly) -> Mapping[str, Daemon]:
    """Settles the swaps of a party's book."""
    return {"settler": assembly.hold("settler", lambda: _settler(assembly))}


def build_provider(assembly: Assembly) -> Mapping[str, Daemon]:
    """Quotes on a port of its own, and settles what was agreed."""
    return {"provider": assembly.hold("provider", lambda: _provider(assembly))}


def register() -> None:
    """Make them known to the relayer process."""
    DAEMONS.setdefault("settler", build_settler)
    DAEMONS.setdefault("provider", build_provider)


def _settler(assembly: Assembly) -> Daemon:
    config = SwapConfig.load(assembly.config.base / assembly.options("settler", FileOptions).config)
    chains, wallet = config.connect(), config.unlock()
    sender = _sender(assembly, chains, wallet)
    desk = config.desk(wallet, chains, cash_access(config, chains), sender.sends)
    return Tended(SwapSettler(desk.book, desk.port), sender)


def _provider(assembly: Assembly) -> Daemon:
    config = ProviderConfig.load(assembly.config.base / assembly.options("provider", FileOptions).config)
    chains, wallet = config.connect(), config.unlock()
    sender = _sender(assembly, chains, wallet)
    provider = Provider(config.desk(wallet, chains, cash_access(config, chains), sender.sends), config.terms())
    questions = {**questions_of(provider), "status": lambda _: provider.status()}
    turn = RLock()
    server = JsonServer(questions, host=config.listen.host, port=config.listen.port, lock=turn)
    return _InTurn(Tended(provider, sender), ExitStack().enter_context(server), turn)


def _sender(assembly: Assembly, chains: Mapping[int, Chain], wallet: LocalAccount) -> SwapSender:
    """Under the limits of this process, where it knows the chain."""
    limits = assembly.config.limits
    policies = {section.chain_id: submitter_policy(limits, name) for name, section in assembly.config.chains.items()}
    return SwapSender(assembly.store, chains, wallet, policies)


class _InTurn:
    """Steps while nobody is answered."""

    def __init__(self, provider: Daemon, server: JsonServer, turn: AbstractContextManager[Any]) -> None:
        self._provider = provider
        self._server = server
        self._turn = turn

    def step(self) -> StepReport:
        with self._turn:
            return self._provider.step()
