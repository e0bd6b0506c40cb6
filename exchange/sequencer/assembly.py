"""How applied entries become segments and batches. Knows no state: roots are given to it."""

from collections import deque
from dataclasses import dataclass, field

from exchange.rollup.batch import MAX_BATCH_BYTES, Batch, encode_segments
from exchange.rollup.segment import MAX_ENTRIES, MAX_STEP_BYTES, STEP_LENGTH_BYTES, Segment, encoded_size
from exchange.sequencer.errors import BatchReason, BatchRefused

ROOT_BYTES = 32
LARGEST_ENTRY = encoded_size((bytes(MAX_STEP_BYTES),)) + ROOT_BYTES
"""What a segment with one step of the largest size takes: a batch has to have room for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of what is assembled.

    `batch_bytes`: data and claimed roots of one batch, together what its call carries, so that many small segments do
    not make a call that no block takes. `backlog_bytes`: confirmed and not yet known to be posted; forced items and
    what finishes an accepted order may go beyond it.
    """

    batch_bytes: int = MAX_BATCH_BYTES
    backlog_bytes: int = 20 * MAX_BATCH_BYTES

    def __post_init__(self) -> None:
        if not LARGEST_ENTRY <= self.batch_bytes <= MAX_BATCH_BYTES:
            raise ValueError(f"batch_bytes must be between {LARGEST_ENTRY} and {MAX_BATCH_BYTES}")


@dataclass(slots=True, kw_only=True)
class OpenSegment:
    """The segment that still takes entries."""

    clock: int
    forced_count: int = 0
    steps: list[bytes] = field(default_factory=list)
    size: int = encoded_size(()) + ROOT_BYTES

    @property
    def is_full(self) -> bool:
        """True when a further entry needs another segment."""
        return self.forced_count + len(self.steps) >= MAX_ENTRIES

    @property
    def is_empty(self) -> bool:
        """True before the first entry; such a segment cannot be closed."""
        return self.forced_count + len(self.steps) == 0


class Assembly:
    """At most one open segment, the closed ones since the last batch, and the batches that are not yet posted."""

    def __init__(self, parent_root: bytes, limits: Limits) -> None:
        self.open: OpenSegment | None = None
        self.closed: list[tuple[Segment, bytes]] = []
        self.sealed: deque[Batch] = deque()
        self.next_index = 0
        self._limits = limits
        self._parent_root = parent_root
        self._closed_size = 0
        self._sealed_size = 0

    @property
    def posted_count(self) -> int:
        """Index of the oldest batch that is not known to be posted."""
        return self.next_index - len(self.sealed)

    @property
    def batch_size(self) -> int:
        """Bytes of the batch that would be sealed now, claimed roots included."""
        return self._closed_size + (self.open.size if self.open else 0)

    @property
    def backlog(self) -> int:
        """Bytes confirmed and not yet known to be posted."""
        return self._sealed_size + self.batch_size

    def fits(self, size: int) -> bool:
        """True if `size` more bytes fit the batch in the making."""
        return self.batch_size + size <= self._limits.batch_bytes

    def is_backlog_full(self, size: int) -> bool:
        """True if `size` more bytes break the bound on the backlog."""
        return self.backlog + size > self._limits.backlog_bytes

    def begin(self, clock: int) -> None:
        """Open a segment; there must be none."""
        if self.open is not None:
            raise ValueError("a segment is open")
        self.open = OpenSegment(clock=clock)

    def add_forced(self) -> None:
        """Count one forced item; they come before the steps."""
        segment = self._room()
        if segment.steps:
            raise ValueError("forced items come before steps")
        segment.forced_count += 1

    def add_step(self, step: bytes) -> None:
        """Take one step."""
        segment = self._room()
        segment.steps.append(step)
        segment.size += STEP_LENGTH_BYTES + len(step)

    def close(self, root: bytes) -> None:
        """End the open segment in a state root."""
        segment = self.open
        if segment is None or segment.is_empty:
            raise ValueError("no segment to close")
        closed = Segment(clock=segment.clock, forced_count=segment.forced_count, steps=tuple(segment.steps))
        self.closed.append((closed, root))
        self._closed_size += segment.size
        self.open = None

    def seal(self) -> Batch:
        """Make the closed segments a batch; none may be open. The batch is final: its index never means another."""
        if self.open is not None or not self.closed:
            raise ValueError("nothing to seal")
        batch = Batch(
            index=self.next_index,
            parent_root=self._parent_root,
            roots=tuple(root for _, root in self.closed),
            data=encode_segments(segment for segment, _ in self.closed),
        )
        self.sealed.append(batch)
        self.next_index += 1
        self._sealed_size += self._closed_size
        self._closed_size = 0
        self.closed = []
        self._parent_root = batch.state_root
        return batch

    def posted(self, index: int) -> Batch:
        """Let go of the oldest sealed batch, which is `index`. Raises `BatchRefused`."""
        if index >= self.next_index:
            raise BatchRefused(BatchReason.UNKNOWN, index)
        if not self.sealed or self.sealed[0].index != index:
            raise BatchRefused(BatchReason.OUT_OF_ORDER, index)
        batch = self.sealed.popleft()
        self._sealed_size -= len(batch.data) + ROOT_BYTES * len(batch.roots)
        return batch

    def discard(self) -> list[tuple[int, tuple[bytes, ...]]]:
        """Give up everything that is not posted; answers its segments' clocks and steps, in order.

        The next batch has the index and the parent root of the oldest that was given up.
        """
        segments = [segment for batch in self.sealed for segment in batch.segments()]
        segments += [segment for segment, _ in self.closed]
        found = [(segment.clock, segment.steps) for segment in segments]
        if self.open is not None:
            found.append((self.open.clock, tuple(self.open.steps)))
        if self.sealed:
            self._parent_root = self.sealed[0].parent_root
        self.next_index -= len(self.sealed)
        self.sealed.clear()
        self.closed, self.open = [], None
        self._closed_size = self._sealed_size = 0
        return found

    def _room(self) -> OpenSegment:
        if self.open is None or self.open.is_full:
            raise ValueError("no segment with room")
        return self.open
