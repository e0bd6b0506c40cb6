"""Segments: up to 32 forced items and steps that share a clock and end in one state root."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.rollup.errors import BatchRule, MalformedBatch

MAX_ENTRIES = 32
"""Forced items and steps of one segment."""
MAX_STEP_BYTES = 4_096
LENGTH_BYTES = 3
HEAD_BYTES = 10
"""Clock, forced count and step count at the front of a body."""
STEP_LENGTH_BYTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one state root claims to be the result of; raises `MalformedBatch` where a field breaks a rule.

    `clock` in seconds; `forced_count` items of the forced queue run before `steps`.
    """

    clock: int
    forced_count: int = 0
    steps: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.clock < 1 << 64:
            raise MalformedBatch(BatchRule.CLOCK_RANGE)
        _check_counts(self.forced_count, len(self.steps), None)
        if any(len(step) > MAX_STEP_BYTES for step in self.steps):
            raise MalformedBatch(BatchRule.STEP_LENGTH)

    def body(self) -> bytes:
        """The bytes a commitment binds: clock, counts, steps."""
        parts = [self.clock.to_bytes(8), bytes((self.forced_count, len(self.steps)))]
        for step in self.steps:
            parts += (len(step).to_bytes(STEP_LENGTH_BYTES), step)
        return b"".join(parts)

    def encode(self) -> bytes:
        """The body behind its length."""
        body = self.body()
        return len(body).to_bytes(LENGTH_BYTES) + body


def encoded_size(steps: Sequence[bytes]) -> int:
    """Bytes that a segment with these steps takes in a batch's data."""
    return LENGTH_BYTES + HEAD_BYTES + sum(STEP_LENGTH_BYTES + len(step) for step in steps)


def decode_body(body: bytes, offset: int = 0) -> Segment:
    """Read one body to its last byte; `offset` is where it lies, for the error. Raises `MalformedBatch`."""
    if len(body) < HEAD_BYTES:
        raise MalformedBatch(BatchRule.SEGMENT_LENGTH, offset + len(body))
    forced_count, step_count = body[8], body[9]
    _check_counts(forced_count, step_count, offset + 8)
    steps = []
    at = HEAD_BYTES
    for _ in range(step_count):
        start = at + STEP_LENGTH_BYTES
        if start > len(body):
            raise MalformedBatch(BatchRule.SEGMENT_TRAILING, offset + len(body))
        length = int.from_bytes(body[at:start])
        if length > MAX_STEP_BYTES:
            raise MalformedBatch(BatchRule.STEP_LENGTH, offset + at)
        at = start + length
        if at > len(body):
            raise MalformedBatch(BatchRule.SEGMENT_TRAILING, offset + len(body))
        steps.append(body[start:at])
    if at != len(body):
        raise MalformedBatch(BatchRule.SEGMENT_TRAILING, offset + at)
    return Segment(clock=int.from_bytes(body[:8]), forced_count=forced_count, steps=tuple(steps))


def _check_counts(forced_count: int, step_count: int, offset: int | None) -> None:
    if forced_count < 0 or not 1 <= forced_count + step_count <= MAX_ENTRIES:
        raise MalformedBatch(BatchRule.SEGMENT_COUNT, offset)
