"""Posts the sequencer's batches to the rollup, each once."""

from dataclasses import dataclass

from web3.contract.contract import ContractFunction

from bridge.settlement import Rollup
from chains.errors import ChainError
from exchange.rollup import Batch
from exchange.sequencer import SequencerError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.ports import BatchSource
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.retries import SUBMISSION
from relayers.settled_batches import SettledBatches
from relayers.states import TaskState
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Signing, Submitter
from relayers.task_store import Task, TaskStore

POST_GAS = 12_000_000
"""The worst batch the sequencer makes takes 8.7 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPolicy:
    """When what waits becomes a batch: so many bytes, or so long after the last one.

    The interval has to lie well below the rollup's `maxClockLag` and the queue's inclusion delay.
    """

    backlog_bytes: int = 60_000
    interval_seconds: int = 0


class BatchPoster:
    """Posts in order. What was posted is asked of the chain, so no crash leads to a second attempt at one index.

    The sequencer is told of a batch when it is in a final block, and keeps it until then. A batch of which final blocks
    show that it can never be accepted, because its clock or a deadline has passed, is cut anew: see docs/adr/0013.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        rollup: Rollup,
        source: BatchSource,
        signer: Signing,
        *,
        policy: PostingPolicy | None = None,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._queue = f"batches {rollup.chain.chain_id}/{rollup.address}"
        self._attempts = TaskStore(store, self._queue)
        self._rollup = rollup
        self._source = source
        self._submitter = Submitter.of(store, rollup.chain, signer, hook)
        self._policy = policy or PostingPolicy()
        self._hook = hook
        self._settled = SettledBatches(rollup)

    def step(self) -> StepReport:
        """Confirm what is final, then post at most one batch."""
        journal = Journal()
        try:
            self._submitter.tend(journal)
            with self._store.leading(self._queue, self._rollup.chain.clock.now()) as lease:
                if lease is not None and not self._confirm(journal):
                    self._post(journal)
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self._rollup.chain.name, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, self._rollup.chain.name, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, self._rollup.chain.name, str(error))
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, self._rollup.chain.name, str(error))
        return journal.report()

    def _confirm(self, journal: Journal) -> bool:
        """Tell the sequencer what the chain has for good; true while there is more that is not final yet."""
        final = self._rollup.chain.finalized_header().number
        for index in range(self._source.posted_batches, self._rollup.batch_count(block=final)):
            self._source.confirm_posted(index, self._rollup.batch(index, block=final).commitment)
            self._hook(CrashPoint.AFTER_CONFIRM)
            journal.did(Did.POSTED, index)
        pending = self._rollup.batch_count() > self._source.posted_batches
        if pending:
            journal.waits_for(WaitsFor.DESTINATION_FINALITY, self._source.posted_batches)
        return pending

    def _acceptable(self, journal: Journal, batch: Batch) -> Batch | None:
        """The batch; if no block after the final one can take it, what it becomes when it is cut anew.

        None while that waits, or when nothing is left.
        """
        final = self._rollup.chain.finalized_header()
        death = self._settled.death_of(batch, final)
        if death is None:
            return batch
        if self._settled.is_overdue(self._source.forced_cursor, final):
            journal.waits_for(WaitsFor.SEQUENCER, batch.index, "overdue items of the forced queue")
            return None
        self._source.recut(batch.index, earliest=death.earliest, overdue=death.overdue)
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.RECUT, batch.index)
        return self._source.next_batch()

    def _post(self, journal: Journal) -> None:
        now = max(self._rollup.chain.head().timestamp, self._rollup.chain.clock.now())
        if not self._is_time(now):
            return
        batch = self._source.next_batch()
        self._hook(CrashPoint.AFTER_READ)
        if batch is not None:
            batch = self._acceptable(journal, batch)
        if batch is None:
            return
        task = Task(key=batch.index.to_bytes(8, "big"), position=batch.index)
        self._attempts.record([task], batch.index)
        due = [known for known in self._attempts.unfinished(now) if known.key == task.key]
        if not due:
            journal.waits_for(WaitsFor.RETRY, batch.index)
            return
        if self._submitter.is_pending(ErrandKind.POST, task.key):
            journal.waits_for(WaitsFor.INCLUSION, batch.index)
            return
        self._attempts.move(task.key, TaskState.ACTING)
        self._hook(CrashPoint.AFTER_PERSIST)
        errand = Errand(kind=ErrandKind.POST, subjects=(task.key,), gas=POST_GAS)
        try:
            self._submitter.submit(self._call(batch), errand)
        except ChainError as error:
            self._attempts.fail(journal, due[0], error, schedule=SUBMISSION, now=now)
            return
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.SUBMITTED, batch.index, "batch")

    def _call(self, batch: Batch) -> ContractFunction:
        return self._rollup.contract.functions.postBatch(batch.index, batch.parent_root, list(batch.roots), batch.data)

    def _is_time(self, now: int) -> bool:
        count = self._rollup.batch_count()
        if count == 0 or self._source.backlog_bytes >= self._policy.backlog_bytes:
            return True
        return now >= self._rollup.batch(count - 1).posted_at + self._policy.interval_seconds
