"""What final blocks of the settlement chain say of batches: which are there, and which never can be."""

from dataclasses import dataclass

from bridge.settlement import ForcedQueue, Rollup
from chains.headers import SealedHeader
from exchange.rollup import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """Why no block takes a batch any more: `overdue` is the forced item it should have had, None where it is too late.

    earliest: from what clock on, in seconds, a new cut has time to be posted.
    """

    earliest: int
    overdue: int | None


class SettledBatches:
    """Reads the rollup and its queue in final blocks."""

    def __init__(self, rollup: Rollup) -> None:
        self._rollup = rollup
        self._queue: ForcedQueue | None = None
        self._maximum_lag: int | None = None

    def is_posted(self, index: int, commitment: bytes) -> bool:
        """Whether batch `index` is there for good under this commitment."""
        final = self._rollup.chain.finalized_header().number
        count = self._rollup.batch_count(block=final)
        return index < count and self._rollup.batch(index, block=final).commitment == commitment

    def death_of(self, batch: Batch, final: SealedHeader) -> Death | None:
        """Why no block after the final one can take the batch; None where one can, or it is there.

        All is read at one final block: the batch is not there, and the time of later blocks is not before that one's.
        """
        count = self._rollup.batch_count(block=final.number)
        if count != batch.index:
            return None
        segments = batch.segments()
        taken = self._rollup.batch(count - 1, block=final.number).queue_cursor if count else 0
        taken += sum(segment.forced_count for segment in segments)
        overdue = taken if self.is_overdue(taken, final) else None
        if segments[0].clock >= final.timestamp - self._lag() and overdue is None:
            return None
        return Death(earliest=final.timestamp - self._lag() // 2, overdue=overdue)

    def is_overdue(self, item: int, final: SealedHeader) -> bool:
        """Whether a batch that leaves this item of the queue comes too late after the final block."""
        if self._queue is None:
            self._queue = self._rollup.queue()
        if item >= self._queue.count(block=final.number):
            return False
        return self._queue.deadline(item, block=final.number) < final.timestamp

    def _lag(self) -> int:
        if self._maximum_lag is None:
            self._maximum_lag = self._rollup.max_clock_lag()
        return self._maximum_lag
