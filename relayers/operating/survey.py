"""Looks around every few seconds: backlog, clients, wallets, nonces, heads. Metrics and readiness read it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from bridge.errors import BridgeError
from chains.chain import Chain
from chains.errors import ChainError
from relayers import operations
from relayers.operating.assembly import Assembly
from relayers.operating.latencies import Latencies
from relayers.operating.metrics import Metrics, Sample
from relayers.operating.reorganisations import ReorganisationWatch
from relayers.reports import StepReport
from relayers.submitter import totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Unfinished packets of a route: how many by state and by what they wait for, the age of the oldest in seconds."""

    by_state: dict[str, int] = field(default_factory=dict)
    by_wait: dict[str, int] = field(default_factory=dict)
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look saw. Keys are the configuration's names; what could not be read is not in it."""

    at: float
    backlog: dict[str, Backlog] = field(default_factory=dict)
    head_age_seconds: dict[str, float] = field(default_factory=dict)
    client_expiry_seconds: dict[str, float] = field(default_factory=dict)
    balance_wei: dict[tuple[str, str], int] = field(default_factory=dict)
    nonce_gap: dict[tuple[str, str], int] = field(default_factory=dict)
    nonce_stuck_seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    spent_wei: dict[str, int] = field(default_factory=dict)
    earned_wei: dict[str, int] = field(default_factory=dict)
    paused: tuple[str, ...] = ()


class Survey:
    """A daemon that changes nothing. `monotonic` in seconds."""

    def __init__(
        self,
        assembly: Callable[[], Assembly],
        metrics: Metrics,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._assembly = assembly
        self._metrics = metrics
        self._monotonic = monotonic
        self._wall = wall
        self._latencies = Latencies(metrics)
        self._reorganisations: dict[str, ReorganisationWatch] = {}
        self._mined: dict[tuple[str, str], tuple[int, float]] = {}
        self._lock = Lock()
        self._look = Look(at=float("-inf"))

    @property
    def look(self) -> Look:
        """The last one."""
        with self._lock:
            return self._look

    def step(self) -> StepReport:
        """Look at everything once; a chain that does not answer hides itself and nothing else."""
        assembly = self._assembly()
        look = Look(at=self._monotonic())
        for name, chain in assembly.chains.items():
            try:
                self._look_at_chain(look, assembly, name, chain)
            except (ChainError, BridgeError):
                continue
        look = replace(look, paused=self._look_at_store(look, assembly))
        for (here, follows), client in assembly.clients().items():
            try:
                trusted = assembly.chains[follows].header(client.latest_height()).timestamp
                period = assembly.deployment.parameters.trusting_period_seconds
                now = max(assembly.chains[here].head().timestamp, assembly.chains[here].clock.now())
                look.client_expiry_seconds[f"{follows}@{here}"] = trusted + period - now
            except (ChainError, BridgeError):
                continue
        with self._lock:
            self._look = look
        return StepReport()

    def samples(self) -> Iterator[Sample]:
        """The last look as gauges."""
        look = self.look
        for route, backlog in look.backlog.items():
            yield Sample(name="backlog_oldest_seconds", labels=(route,), value=backlog.oldest_seconds)
            for state, count in backlog.by_state.items():
                yield Sample(name="backlog_packets", labels=(route, state), value=count)
        for chain, age in look.head_age_seconds.items():
            yield Sample(name="chain_head_age_seconds", labels=(chain,), value=age)
        for client, seconds in look.client_expiry_seconds.items():
            yield Sample(name="client_expiry_seconds", labels=(client,), value=seconds)
        for pair, wei in look.balance_wei.items():
            yield Sample(name="wallet_balance_wei", labels=pair, value=wei)
        for chain, wei in look.spent_wei.items():
            yield Sample(name="spent_wei_total", labels=(chain,), value=wei)
        for chain, wei in look.earned_wei.items():
            yield Sample(name="earned_wei_total", labels=(chain,), value=wei)
        for scope in look.paused:
            yield Sample(name="paused", labels=(scope,), value=1)
        for pair, gap in look.nonce_gap.items():
            yield Sample(name="nonce_gap", labels=pair, value=gap)

    def _look_at_chain(self, look: Look, assembly: Assembly, name: str, chain: Chain) -> None:
        head = chain.head()
        look.head_age_seconds[name] = max(0, chain.clock.now() - head.timestamp)
        depth = self._reorganisations.setdefault(name, ReorganisationWatch()).depth(head, chain.header)
        self._metrics.raise_to("reorg_depth_blocks_max", name, value=depth)
        for signer, account in assembly.signers.items():
            pair = (name, signer)
            look.balance_wei[pair] = chain.w3.eth.get_balance(account.address)
            mined = chain.w3.eth.get_transaction_count(account.address, "latest")
            pending = chain.w3.eth.get_transaction_count(account.address, "pending")
            look.nonce_gap[pair] = max(0, pending - mined)
            known, since = self._mined.get(pair, (-1, look.at))
            if mined != known or pending <= mined:
                since = look.at
            self._mined[pair] = (mined, since)
            look.nonce_stuck_seconds[pair] = look.at - since

    def _look_at_store(self, look: Look, assembly: Assembly) -> tuple[str, ...]:
        """Backlog, spend and income; answers what is paused, by the configuration's names."""
        names = {str(section.chain_id): name for name, section in assembly.config.chains.items()}
        known = operations.status(assembly.store)
        now = int(self._wall())
        for route in assembly.routes():
            look.backlog[route.name] = Backlog()
        for row in known.routes:
            route_name = _route_name(names, row.route)
            look.backlog[route_name] = Backlog(
                by_state={state.value: count for state, count in row.by_state.items()},
                by_wait=dict(row.by_wait),
                oldest_seconds=max(0, now - row.oldest_first_seen_at),
            )
        for total in totals(assembly.store):
            chain = names.get(str(total.chain_id), str(total.chain_id))
            look.spent_wei[chain] = look.spent_wei.get(chain, 0) + total.spent_wei
            look.earned_wei[chain] = look.earned_wei.get(chain, 0) + total.earned_wei
        self._latencies.observe(assembly.store, names)
        return tuple(_scope_name(names, pause.scope) for pause in known.pauses)


def _route_name(names: Mapping[str, str], lane: str) -> str:
    source, _, destination = lane.partition("/")[0].partition("->")
    return f"{names.get(source, source)}->{names.get(destination, destination)}"


def _scope_name(names: Mapping[str, str], scope: str) -> str:
    kind, _, subject = scope.partition(" ")
    return _route_name(names, subject) if kind == "route" else names.get(subject, scope)
