"""Batches of a thief's, and true ones, at the rollup of a world; nothing else of the world acts."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.settlement import ForcedQueue, Rollup
from chains.errors import TransactionReverted
from clearspan.lab.scenarios.moves import ACCEPTED, Heist
from clearspan.lab.world import VENUE, World
from exchange.rollup import Batch, MalformedBatch
from exchange.rollup.segment import LENGTH_BYTES, Segment

GAS = 15_000_000
STEP = b"\x06\x00\x00"
"""Reprices nothing; any bytes are a step."""


class Post:
    """A poster's key at a rollup, whatever it wants to post."""

    def __init__(self, world: World) -> None:
        self.heist = Heist(world)
        self.chain = self.heist.host
        settlement = world.deployment.settlement
        self.rollup = Rollup(self.chain, settlement.rollup)
        self.queue = ForcedQueue(self.chain, settlement.forced_queue)
        self._poster = world.base.network.keys.poster
        self._parameters = world.deployment.parameters

    @property
    def count(self) -> int:
        """Batches that were accepted."""
        return self.rollup.batch_count()

    @property
    def parent(self) -> bytes:
        """The root that the next batch has to start from."""
        return bytes(self.chain.call(self.rollup.contract.functions.latestRoot()))

    def segment(self, *, clock: int | None = None, forced: int = 0, steps: Sequence[bytes] = (STEP,)) -> bytes:
        """One segment's bytes, of the head's time where none is given."""
        seconds = self.chain.head().timestamp if clock is None else clock
        return Segment(clock=seconds, forced_count=forced, steps=tuple(steps)).encode()

    def post(
        self, data: bytes, roots: Sequence[bytes], *, index: int | None = None, parent: bytes | None = None
    ) -> str:
        """Post bytes under claimed roots; `accepted` or the error's name. The clock follows the chain."""
        call = self.rollup.contract.functions.postBatch(
            self.count if index is None else index, self.parent if parent is None else parent, list(roots), data
        )
        try:
            self.chain.transact(call, self._poster, gas=GAS)
        except TransactionReverted as refusal:
            return (refusal.error or "revert").partition("(")[0]
        finally:
            self.heist.settle()
        return ACCEPTED

    def post_batch(self, batch: Batch) -> str:
        """Post a batch as its venue sealed it."""
        return self.post(batch.data, batch.roots, index=batch.index, parent=batch.parent_root)

    def commitment(self, index: int) -> bytes:
        """What the rollup keeps of a batch."""
        return self.rollup.batch(index).commitment

    def wait(self, seconds: int, blocks: int = 1) -> None:
        """Let time pass, then blocks of a second or more."""
        self.heist.world.clock.advance(seconds)
        for _ in range(blocks):
            self.chain.mine()
        self.heist.settle()


def true_batch(world: World) -> Batch:
    """What a venue with prices, orders and whatever the queue holds seals next; nothing of it is posted."""
    venue = world.processes[VENUE]
    for daemon in ("queue reader", "oracle"):
        venue.step(daemon)
    sequencer = world.venue
    batch = None if sequencer is None else sequencer.next_batch()
    if batch is None:
        raise ValueError("the venue has nothing to post")
    return batch


def framed(body: bytes) -> bytes:
    """A segment's body behind its length."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def bodies(batch: Batch) -> list[bytes]:
    """The bodies of a batch's segments."""
    return [segment.body() for segment in batch.segments()]


def is_read_alike(batch: Batch, kept: bytes) -> bool:
    """Whether whoever replays a batch reads what the contract committed to."""
    try:
        return batch.commitment() == kept
    except MalformedBatch:
        return False
