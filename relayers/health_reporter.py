"""Tells the forced queue when a chain's client stops to be active, and when it is again; anyone may."""

from collections.abc import Sequence

from bridge.settlement import ForcedQueue
from chains.errors import ChainError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Signing, Submitter

REPORT_GAS = 2_000_000
"""What a report on as many assets as a chain can have takes at most."""


class HealthReporter:
    """Reports each chain whose health the queue does not know. Holds no state: queue and clients have all there is.

    Nothing it sends is believed: the queue asks the client itself.
    """

    def __init__(
        self,
        store: Store,
        queue: ForcedQueue,
        chain_ids: Sequence[int],
        signer: Signing,
        *,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._queue = queue
        self._chain_ids = tuple(chain_ids)
        self._submitter = Submitter.of(store, queue.chain, signer, hook)
        self._hook = hook

    def step(self) -> StepReport:
        """Look at every chain once; report those of which there is something to say."""
        journal = Journal()
        chain = self._queue.chain
        try:
            self._submitter.tend(journal)
            with self._store.leading(f"health {chain.chain_id}/{self._queue.address}", chain.clock.now()) as lease:
                if lease is not None:
                    for chain_id in self._chain_ids:
                        self._look(journal, chain_id)
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, chain.name, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, chain.name, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, chain.name, str(error))
        return journal.report()

    def _look(self, journal: Journal, chain_id: int) -> None:
        subject = chain_id.to_bytes(8, "big")
        if self._submitter.is_pending(ErrandKind.REPORT_HEALTH, subject):
            journal.waits_for(WaitsFor.INCLUSION, chain_id)
            return
        known, reachable = self._queue.chain_state(chain_id), self._queue.is_reachable(chain_id)
        if not known.is_sick and reachable:
            return
        if known.is_sick and not reachable and not known.ready_at:
            journal.waits_for(WaitsFor.CLIENT_FROZEN, chain_id)
            return
        if known.is_sick and reachable and known.ready_at and not self._is_over(known.ready_at, known.ready_block):
            journal.waits_for(WaitsFor.RECOVERY, chain_id)
            return
        self._hook(CrashPoint.AFTER_READ)
        errand = Errand(kind=ErrandKind.REPORT_HEALTH, subjects=(subject,), gas=REPORT_GAS)
        self._submitter.submit(self._queue.contract.functions.reportHealth(chain_id), errand)
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.SUBMITTED, chain_id, "health")

    def _is_over(self, ready_at: int, ready_block: int) -> bool:
        """Whether the next block ends the recovery."""
        chain = self._queue.chain
        head = chain.head()
        return head.number + 1 >= ready_block and max(head.timestamp, chain.clock.now()) >= ready_at
