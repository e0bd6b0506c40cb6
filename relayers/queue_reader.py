"""Hands final items of the forced queue to the sequencer, in order."""

from eth_utils.crypto import keccak

from bridge.errors import BridgeError
from bridge.settlement import ForcedQueue, QueueItem
from chains.errors import ChainError
from exchange.engine import ForcedItem
from exchange.rollup import decode_item
from exchange.sequencer import SequencerError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.ports import ForcedItemSink
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.task_store import Task, TaskStore

ITEMS_MAX = 256


class QueueReader:
    """Reads events, believes only what the queue's own hashes confirm. The sequencer's cursor is the only truth.

    An item is handed over when it is final, so that the sequencer never has to take one back.
    """

    def __init__(
        self,
        store: Store,
        queue: ForcedQueue,
        sink: ForcedItemSink,
        *,
        first_block: int = 0,
        hook: Hook = no_hook,
    ) -> None:
        self._found = TaskStore(store, f"queue {queue.chain.chain_id}/{queue.address}")
        self._queue = queue
        self._sink = sink
        self._first_block = first_block
        self._hook = hook

    def step(self) -> StepReport:
        """Scan final blocks, hand over what the sequencer lacks."""
        journal = Journal()
        try:
            final = self._queue.chain.finalized_header().number
            self._scan(final)
            self._hand_over(journal, final)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._queue.chain.name, str(error))
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, self._queue.chain.name, str(error))
        return journal.report()

    def _scan(self, final: int) -> None:
        first = self._found.cursor(self._first_block)
        if first > final:
            return
        items = self._queue.items(first, final)
        self._hook(CrashPoint.AFTER_READ)
        self._found.record([_task(item) for item in items], final + 1)
        self._hook(CrashPoint.AFTER_PERSIST)

    def _hand_over(self, journal: Journal, final: int) -> None:
        cursor = self._sink.forced_cursor
        count = min(self._queue.count(block=final), cursor + ITEMS_MAX)
        items = []
        for index in range(cursor, count):
            item = self._confirmed(index, final)
            if item is None:
                journal.waits_for(WaitsFor.SOURCE_FINALITY, index, "the event of the item")
                break
            items.append(item)
        if not items:
            return
        self._sink.take_forced(cursor, items)
        self._hook(CrashPoint.AFTER_ACT)
        for index in range(cursor, cursor + len(items)):
            journal.did(Did.TAKEN, index)

    def _confirmed(self, index: int, final: int) -> ForcedItem | None:
        """The item that hashes to what the queue keeps; events may have told of several."""
        digest = self._queue.item_hash(index, block=final)
        for encoded in self._found.bodies_at(index):
            if keccak(encoded) == digest:
                return decode_item(encoded)
        return None


def _task(item: QueueItem) -> Task:
    return Task(key=item.index.to_bytes(8, "big") + item.digest, position=item.index, body=item.encode())
