"""Looks around every few seconds: backlog, clients, wallets, nonces, heads. Metrics and readiness read it."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from bridge.errors import BridgeError
from chains.chain import Chain
from chains.errors import ChainError
from relayers import operations
from relayers.operating.assembly import Assembly
from relayers.operating.latencies import Latencies
from relayers.operating.metrics import Metrics, Sample
from relayers.operating.reorganisations import ReorganisationWatch
from relayers.reports import Daemon, Journal, StepReport, WaitsFor
from relayers.submitter import totals

SURVEY = "survey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Unfinished packets of a route: how many by state and by what they wait for, the age of the oldest in seconds."""

    by_state: dict[str, int] = field(default_factory=dict)
    by_wait: dict[str, int] = field(default_factory=dict)
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLook:
    """What one look at one chain saw.

    clients: height of each client there, by the chain it follows. trusted: height and timestamp of the header that each
    client of this chain has, by the chain the client is on.
    """

    at: float
    head_age_seconds: float
    time: int
    clients: Mapping[str, int]
    trusted: Mapping[str, tuple[int, int]]
    balance_wei: Mapping[str, int]
    nonce_gap: Mapping[str, int]
    nonce_stuck_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What was spent and earned, in wei of one chain, which are never added to another's."""

    spent_wei: int = 0
    earned_wei: int = 0

    def __add__(self, other: "Money") -> "Money":
        return Money(spent_wei=self.spent_wei + other.spent_wei, earned_wei=self.earned_wei + other.earned_wei)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLook:
    """What one look at the database saw. money: by route ("" for what serves all) and chain, whose wei it is."""

    at: float = float("-inf")
    backlog: Mapping[str, Backlog] = field(default_factory=dict)
    money: Mapping[tuple[str, str], Money] = field(default_factory=dict)
    paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(StoreLook):
    """What the last looks saw together. Keys are the configuration's names; what could not be read is not in it.

    at: when the database was read; read_at: when each chain was.
    """

    read_at: Mapping[str, float] = field(default_factory=dict)
    head_age_seconds: Mapping[str, float] = field(default_factory=dict)
    client_expiry_seconds: Mapping[str, float] = field(default_factory=dict)
    balance_wei: Mapping[tuple[str, str], int] = field(default_factory=dict)
    nonce_gap: Mapping[tuple[str, str], int] = field(default_factory=dict)
    nonce_stuck_seconds: Mapping[tuple[str, str], float] = field(default_factory=dict)


class Survey:
    """Daemons that change nothing: one for the database, one for each chain, so that a silent chain hides no other.

    `monotonic` in seconds.
    """

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
        self._chains: dict[str, ChainLook] = {}
        self._store = StoreLook()

    def daemons(self) -> dict[str, Daemon]:
        """The daemons by name."""
        chains = {f"{SURVEY} {name}": ChainSurvey(self, name) for name in self._assembly().chains}
        return {SURVEY: self, **chains}

    @property
    def look(self) -> Look:
        """What is known now."""
        with self._lock:
            chains, store = dict(self._chains), self._store
        period = self._assembly().deployment.parameters.trusting_period_seconds
        return Look(
            **{name: getattr(store, name) for name in StoreLook.__dataclass_fields__},
            read_at={name: seen.at for name, seen in chains.items()},
            head_age_seconds={name: seen.head_age_seconds for name, seen in chains.items()},
            client_expiry_seconds=dict(_expiries(chains, period)),
            balance_wei=_by_signer(chains, "balance_wei"),
            nonce_gap=_by_signer(chains, "nonce_gap"),
            nonce_stuck_seconds=_by_signer(chains, "nonce_stuck_seconds"),
        )

    def step(self) -> StepReport:
        """Look at the database."""
        look = self._look_at_store(self._assembly())
        with self._lock:
            self._store = look
        return StepReport()

    def look_at(self, name: str) -> StepReport:
        """Look at one chain; one that does not answer is forgotten, and hides itself and nothing else."""
        assembly, journal = self._assembly(), Journal()
        with self._lock:
            others = dict(self._chains)
        try:
            look = self._look_at_chain(assembly, name, others)
        except (ChainError, BridgeError) as error:
            look = None
            journal.waits_for(WaitsFor.CHAIN, name, str(error))
        with self._lock:
            if look is None:
                self._chains.pop(name, None)
            else:
                self._chains[name] = look
        return journal.report()

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
        for (route, chain), money in look.money.items():
            yield Sample(name="spent_wei_total", labels=(route, chain), value=money.spent_wei)
            yield Sample(name="earned_wei_total", labels=(route, chain), value=money.earned_wei)
        for scope in look.paused:
            yield Sample(name="paused", labels=(scope,), value=1)
        for pair, gap in look.nonce_gap.items():
            yield Sample(name="nonce_gap", labels=pair, value=gap)

    def _look_at_chain(self, assembly: Assembly, name: str, others: Mapping[str, ChainLook]) -> ChainLook:
        chain = assembly.chains[name]
        head, now = chain.head(), self._monotonic()
        depth = self._reorganisations.setdefault(name, ReorganisationWatch()).depth(head, chain.header)
        self._metrics.raise_to("reorg_depth_blocks_max", name, value=depth)
        balances, gaps, stuck = {}, {}, {}
        for signer, account in assembly.signers.items():
            balances[signer] = chain.w3.eth.get_balance(account.address)
            mined = chain.w3.eth.get_transaction_count(account.address, "latest")
            pending = chain.w3.eth.get_transaction_count(account.address, "pending")
            gaps[signer] = max(0, pending - mined)
            known, since = self._mined.get((name, signer), (-1, now))
            if mined != known or pending <= mined:
                since = now
            self._mined[name, signer] = (mined, since)
            stuck[signer] = now - since
        return ChainLook(
            at=now,
            head_age_seconds=max(0, chain.clock.now() - head.timestamp),
            time=max(head.timestamp, chain.clock.now()),
            clients={
                follows: client.latest_height()
                for (here, follows), client in assembly.clients().items()
                if here == name
            },
            trusted=_trusted(chain, name, others),
            balance_wei=balances,
            nonce_gap=gaps,
            nonce_stuck_seconds=stuck,
        )

    def _look_at_store(self, assembly: Assembly) -> StoreLook:
        """Backlog, spend, income and what is paused, by the configuration's names."""
        names = {str(section.chain_id): name for name, section in assembly.config.chains.items()}
        known = operations.status(assembly.store)
        now = int(self._wall())
        backlogs = {route.name: Backlog() for route in assembly.routes()}
        for row in known.routes:
            backlogs[_route_name(names, row.route)] = Backlog(
                by_state={state.value: count for state, count in row.by_state.items()},
                by_wait=dict(row.by_wait),
                oldest_seconds=max(0, now - row.oldest_first_seen_at),
            )
        money: dict[tuple[str, str], Money] = {}
        for total in totals(assembly.store):
            route = _route_name(names, total.route) if total.route else ""
            paid_on = str(total.chain_id if not total.route else total.route.partition("->")[0])
            for chain_id, part in (
                (str(total.chain_id), Money(spent_wei=total.spent_wei)),
                (paid_on, Money(earned_wei=total.earned_wei)),  # fees are paid where the packet was sent
            ):
                key = route, names.get(chain_id, chain_id)
                money[key] = money.get(key, Money()) + part
        self._latencies.observe(assembly.store, names)
        return StoreLook(
            at=self._monotonic(),
            backlog=backlogs,
            money=money,
            paused=tuple(_scope_name(names, pause.scope) for pause in known.pauses),
        )


class ChainSurvey:
    """Looks at one chain."""

    def __init__(self, survey: Survey, name: str) -> None:
        self._survey = survey
        self._name = name

    def step(self) -> StepReport:
        """Look once."""
        return self._survey.look_at(self._name)


def _trusted(chain: Chain, name: str, others: Mapping[str, ChainLook]) -> dict[str, tuple[int, int]]:
    """Timestamps of this chain's headers that clients elsewhere have, as far as those chains were read."""
    before = others[name].trusted if name in others else {}
    found = {}
    for here, seen in others.items():
        height = seen.clients.get(name)
        if height is not None:
            known = before.get(here, (-1, 0))
            found[here] = known if known[0] == height else (height, chain.header(height).timestamp)
    return found


def _expiries(chains: Mapping[str, ChainLook], period: int) -> Iterator[tuple[str, float]]:
    """Seconds left of each client whose header is known at both ends."""
    for here, seen in chains.items():
        for follows in seen.clients:
            known = chains[follows].trusted.get(here) if follows in chains else None
            if known is not None:
                yield f"{follows}@{here}", known[1] + period - seen.time


def _by_signer(chains: Mapping[str, ChainLook], field_name: str) -> dict[tuple[str, str], Any]:
    return {
        (name, signer): value for name, seen in chains.items() for signer, value in getattr(seen, field_name).items()
    }


def _route_name(names: Mapping[str, str], lane: str) -> str:
    source, _, destination = lane.partition("/")[0].partition("->")
    return f"{names.get(source, source)}->{names.get(destination, destination)}"


def _scope_name(names: Mapping[str, str], scope: str) -> str:
    kind, _, subject = scope.partition(" ")
    return _route_name(names, subject) if kind == "route" else names.get(subject, scope)
