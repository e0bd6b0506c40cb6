"""Carries the packets of one lane there and their answers back."""

from bridge.errors import BridgeError
from chains.errors import ChainError
from relayers.acknowledgement import Acknowledger
from relayers.batching import Batching
from relayers.crash_points import Hook, no_hook
from relayers.delivery import Deliverer
from relayers.errors import NotNow, Superseded
from relayers.lanes import Lane
from relayers.packet_store import PacketStore
from relayers.pauses import require_open, route_scope
from relayers.profit import ProfitRule, Racing
from relayers.proving import Prover
from relayers.reports import Journal, StepReport, WaitsFor
from relayers.scanning import Scanner
from relayers.store import Store
from relayers.submitter import Submitter


class PacketRelayer:
    """One lane's daemon. Events are hints; storage proofs decide. Its database may be lost: the chains rebuild it.

    Replicas over one database share the packets: one of them scans, each works on what it has claimed.
    """

    def __init__(  # noqa: PLR0913 - ports and policies
        self,
        store: Store,
        lane: Lane,
        *,
        profit: ProfitRule | None = None,
        racing: Racing | None = None,
        batching: Batching | None = None,
        hook: Hook = no_hook,
    ) -> None:
        self.lane = lane
        self.packets = PacketStore(store, lane.key)
        self._store = store
        profit, racing, batching = profit or ProfitRule(), racing or Racing(), batching or Batching()
        age = lane.max_proof_age_seconds
        source, destination = lane.source, lane.destination
        self._here = Submitter.of(store, source.chain, source.signer, hook)
        self._there = Submitter.of(store, destination.chain, destination.signer, hook)
        commitments = Prover(store, proven=source.mailbox, client=destination.client, max_age_seconds=age)
        receipts = Prover(store, proven=destination.mailbox, client=source.client, max_age_seconds=age)
        self._scanner = Scanner(lane, self.packets, racing, hook)
        self._deliverer = Deliverer(lane, self.packets, commitments, self._there, profit, batching.deliver, hook)
        self._acknowledger = Acknowledger(
            store,
            lane,
            self.packets,
            receipts,
            here=self._here,
            there=self._there,
            profit=profit,
            racing=racing,
            hold=batching.acknowledge,
            read_answers_again=self._scanner.read_answers_again,
            hook=hook,
        )

    def step(self) -> StepReport:
        """Scan, compare with the chains, expire, deliver, acknowledge; an end that is down does not stop the others."""
        journal = Journal()
        self._here.tend(journal)
        self._there.tend(journal)
        for stage in (self._scan, self._acknowledger.observe, self._expire, self._deliver, self._acknowledge):
            try:
                stage(journal)
            except (ChainError, BridgeError) as error:
                journal.waits_for(WaitsFor.CHAIN, self.lane.key, str(error))
            except NotNow as reason:
                journal.waits_for(reason.waits_for, self.lane.key, reason.detail)
            except Superseded as error:
                journal.waits_for(WaitsFor.LEADER, self.lane.key, str(error))
        return journal.report()

    def _scan(self, journal: Journal) -> None:
        with self._store.leading(f"scan {self.lane.key}", self.lane.source.chain.clock.now()) as lease:
            if lease is None:
                return
            self._scanner.scan_source(journal)
            self._scanner.fill_gaps(journal)
            self._scanner.scan_destination()

    def _require_open(self) -> None:
        with self._store.reading() as session:
            require_open(session, route_scope(self.lane.key))

    def _expire(self, journal: Journal) -> None:
        self._require_open()
        self._deliverer.expire(journal, self.lane.destination.now())

    def _deliver(self, journal: Journal) -> None:
        self._require_open()
        self._deliverer.deliver(journal, self.lane.destination.now())

    def _acknowledge(self, journal: Journal) -> None:
        self._require_open()
        self._acknowledger.acknowledge(journal, self.lane.source.now())
