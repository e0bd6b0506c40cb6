"""Looks around every few seconds: backlog, clients, wallets, nonces, heads. Metrics and readiness read it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import func, select

from bridge.errors import BridgeError
from chains.chain import Chain
from chains.errors import ChainError
from relayers.operating.assembly import Assembly
from relayers.operating.config import RouteSection
from relayers.operating.metrics import Metrics, Sample
from relayers.operating.reorganisations import ReorganisationWatch
from relayers.reports import StepReport
from relayers.states import TERMINAL
from relayers.tables import PacketRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Unfinished packets of a route: how many by state, and the age of the oldest in seconds."""

    by_state: dict[str, int] = field(default_factory=dict)
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


class Survey:
    """A daemon that changes nothing. `monotonic` in seconds."""

    def __init__(
        self, assembly: Callable[[], Assembly], metrics: Metrics, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._assembly = assembly
        self._metrics = metrics
        self._monotonic = monotonic
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
        for route in assembly.routes():
            try:
                look.backlog[route.name] = self._backlog(assembly, route)
            except (ChainError, BridgeError):
                continue
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

    def _backlog(self, assembly: Assembly, route: RouteSection) -> Backlog:
        source, destination = (assembly.config.chains[end].chain_id for end in (route.source, route.destination))
        lane = f"{source}->{destination}/{assembly.deployment.parameters.route_epoch}"
        open_rows = (PacketRow.lane == lane, PacketRow.state.not_in([state.value for state in TERMINAL]))
        with assembly.store.transaction() as session:
            grouped = session.execute(
                select(PacketRow.state, func.count(), func.min(PacketRow.sent_block))
                .where(*open_rows)
                .group_by(PacketRow.state)
            ).all()
        if not grouped:
            return Backlog()
        chain = assembly.chains[route.source]
        oldest = chain.header(min(row[2] for row in grouped)).timestamp
        now = max(chain.head().timestamp, chain.clock.now())
        return Backlog(by_state={row[0]: row[1] for row in grouped}, oldest_seconds=max(0, now - oldest))
