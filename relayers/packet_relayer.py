"""Carries the packets of one lane there and their answers back."""

from bridge.errors import BridgeError
from chains.errors import ChainError
from relayers.acknowledgement import Acknowledger
from relayers.crash_points import Hook, no_hook
from relayers.delivery import Deliverer
from relayers.lanes import Lane
from relayers.packet_store import PacketStore
from relayers.proving import Prover
from relayers.reports import Journal, StepReport, WaitsFor
from relayers.scanning import Scanner
from relayers.store import Store


class PacketRelayer:
    """One lane's daemon. Events are hints; storage proofs decide. Its database may be lost: the chains rebuild it."""

    def __init__(self, store: Store, lane: Lane, *, hook: Hook = no_hook) -> None:
        self.lane = lane
        self.packets = PacketStore(store, lane.key)
        age = lane.max_proof_age_seconds
        source, destination = lane.source, lane.destination
        commitments = Prover(store, proven=source.mailbox, client=destination.client, max_age_seconds=age)
        receipts = Prover(store, proven=destination.mailbox, client=source.client, max_age_seconds=age)
        self._scanner = Scanner(lane, self.packets, hook)
        self._deliverer = Deliverer(lane, self.packets, commitments, hook)
        self._acknowledger = Acknowledger(lane, self.packets, receipts, hook)

    def step(self) -> StepReport:
        """Scan, compare with the chains, expire, deliver, acknowledge; an end that is down does not stop the others."""
        journal = Journal()
        for stage in (self._scan, self._acknowledger.observe, self._expire, self._deliver, self._acknowledge):
            try:
                stage(journal)
            except (ChainError, BridgeError) as error:
                journal.waits_for(WaitsFor.CHAIN, self.lane.key, str(error))
        return journal.report()

    def _scan(self, journal: Journal) -> None:
        self._scanner.scan_source(journal)
        self._scanner.scan_destination()

    def _expire(self, journal: Journal) -> None:
        self._deliverer.expire(journal, self.lane.destination.now())

    def _deliver(self, journal: Journal) -> None:
        self._deliverer.deliver(journal, self.lane.destination.now())

    def _acknowledge(self, journal: Journal) -> None:
        self._acknowledger.acknowledge(journal, self.lane.source.now())
