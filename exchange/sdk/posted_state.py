"""The exchange as the settlement chain alone tells it: posted batches, re-executed; the operator is not asked."""

from __future__ import annotations

from collections.abc import Callable

from eth_utils.address import to_canonical_address

from bridge.deployment import Deployment
from bridge.settlement import ForcedQueue, QueueItem, Rollup
from bridge.swaps.guarantees import Guarantee
from chains.chain import Chain
from exchange.engine import ForcedItem
from exchange.rollup import Batch
from exchange.rollup.executor import execute_segment
from exchange.sdk.errors import Unavailable
from exchange.state.lock import LockStatus
from exchange.state.state import State

LockKey = tuple[bytes, bytes]
"""Hash of a lock and owner of the account that locked: together they name one lock for ever."""


class PostedState:
    """Follows the rollup in final blocks of the settlement chain. `genesis` makes the first state anew.

    Order is final when posted; only claimed roots can be wrong, and none is believed here.
    """

    def __init__(self, genesis: Callable[[], State], network: Deployment, settlement: Chain) -> None:
        self.state = genesis()
        self._queue = ForcedQueue(settlement, network.settlement.forced_queue)
        self._rollup = Rollup(settlement, network.settlement.rollup)
        self._next_block = network.settlement.deployed_at
        self._items: list[QueueItem] = []
        self._taken = 0
        self._batches = 0
        self._final_batches = 0
        self._history: dict[LockKey, list[tuple[int, LockStatus]]] = {}
        self._read_locks = 0
        self._open: dict[int, LockKey] = {}

    def refresh(self) -> None:
        """Read what became final since the last look. Raises Unavailable(BatchMissing) where a node hides something."""
        final = self._rollup.chain.finalized_header().number
        if self._next_block > final:
            return
        self._items += [item for item in self._queue.items(self._next_block, final) if self._is_true(item, final)]
        event = self._rollup.contract.events.BatchPosted()
        for log in self._rollup.chain.logs(event, self._next_block, final):
            self._execute(self._batch(bytes(log["transactionHash"])))
        self._next_block = final + 1

    def status(self, key: LockKey, guarantee: Guarantee) -> LockStatus | None:
        """What became of a lock in posted batches, or in those that can no longer be challenged; None: not there."""
        self.refresh()
        limit = self._batches if guarantee is not Guarantee.FINAL else self._unchallengeable()
        told = [status for batch, status in self._history.get(key, []) if batch < limit]
        return told[-1] if told else None

    def _unchallengeable(self) -> int:
        while self._final_batches < self._batches and self._rollup.is_final(self._final_batches):
            self._final_batches += 1
        return self._final_batches

    def _is_true(self, item: QueueItem, block: int) -> bool:
        return self._queue.item_hash(item.index, block=block) == item.digest

    def _batch(self, transaction: bytes) -> Batch:
        call = self._rollup.chain.w3.eth.get_transaction(transaction)  # type: ignore[arg-type]
        _, arguments = self._rollup.contract.decode_function_input(call["input"])
        batch = Batch(
            index=arguments["index"],
            parent_root=bytes(arguments["parentRoot"]),
            roots=tuple(map(bytes, arguments["roots"])),
            data=bytes(arguments["data"]),
        )
        if batch.index != self._batches or self._rollup.batch(batch.index).commitment != batch.commitment():
            raise Unavailable("BatchMissing", f"batch {self._batches} is not what the rollup committed to")
        return batch

    def _execute(self, batch: Batch) -> None:
        for segment in batch.segments():
            items = self._items[self._taken : self._taken + segment.forced_count]
            if len(items) < segment.forced_count:
                raise Unavailable("BatchMissing", f"forced item {self._taken + len(items)} was not found")
            execute_segment(self.state, segment, [_forced(item) for item in items])
            self._taken += segment.forced_count
        self._note_locks(batch.index)
        self._batches += 1
        self.state.forget_before(self.state.commit_number)

    def _note_locks(self, batch: int) -> None:
        locks, accounts = self.state.locks, self.state.accounts
        for number in range(self._read_locks, len(locks)):
            key = locks[number].hash, accounts[locks[number].account].owner
            self._open[number] = key
            self._history[key] = [(batch, LockStatus.OPEN)]
        self._read_locks = len(locks)
        for number, key in list(self._open.items()):
            status = LockStatus(locks[number].status)
            if status is not LockStatus.OPEN:
                self._history[key].append((batch, status))
                del self._open[number]


def _forced(item: QueueItem) -> ForcedItem:
    return ForcedItem(
        kind=int(item.kind),
        account=item.account,
        owner=to_canonical_address(item.owner),
        asset=item.asset,
        amount=item.amount,
        packet_id=item.packet_id,
        enqueued_at=item.enqueued_at,
    )
