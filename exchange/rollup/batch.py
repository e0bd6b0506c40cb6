"""Batches: the arguments of `Rollup.postBatch` and the segments in their data."""

from collections.abc import Iterable
from dataclasses import dataclass

from exchange.rollup.commitment import commitment
from exchange.rollup.errors import BatchRule, MalformedBatch
from exchange.rollup.segment import LENGTH_BYTES, Segment, decode_body

MAX_BATCH_BYTES = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One call of `postBatch(index, parentRoot, roots, data)`, as claimed: nothing in it is checked yet.

    `roots` are the state roots after each segment, 32 bytes each.
    """

    index: int
    parent_root: bytes
    roots: tuple[bytes, ...]
    data: bytes

    def segments(self) -> tuple[Segment, ...]:
        """Decode the data strictly. Raises `MalformedBatch`, also where the roots are not one per segment."""
        segments = decode_segments(self.data)
        if len(segments) != len(self.roots) or any(len(root) != 32 for root in self.roots):
            raise MalformedBatch(BatchRule.ROOT_COUNT)
        return segments

    def commitment(self) -> bytes:
        """What the contract derives from these arguments. Raises `MalformedBatch` where it would refuse them."""
        bodies = [segment.body() for segment in self.segments()]
        return commitment(bodies, self.roots)

    @property
    def state_root(self) -> bytes:
        """The root claimed after the last segment."""
        return self.roots[-1]


def encode_segments(segments: Iterable[Segment]) -> bytes:
    """The data of a batch. Raises `MalformedBatch` where the segments cannot be one batch."""
    segments = tuple(segments)
    if not segments:
        raise MalformedBatch(BatchRule.DATA_SIZE)
    _check_clocks(segments)
    encoded = b"".join(segment.encode() for segment in segments)
    if len(encoded) > MAX_BATCH_BYTES:
        raise MalformedBatch(BatchRule.DATA_SIZE)
    return encoded


def decode_segments(encoded: bytes) -> tuple[Segment, ...]:
    """Read a batch's data to the last byte. Raises `MalformedBatch` naming the rule and the byte."""
    encoded = bytes(encoded)
    if not encoded:
        raise MalformedBatch(BatchRule.DATA_SIZE, 0)
    if len(encoded) > MAX_BATCH_BYTES:
        raise MalformedBatch(BatchRule.DATA_SIZE, MAX_BATCH_BYTES)
    segments = []
    at = 0
    while at < len(encoded):
        start = at + LENGTH_BYTES
        end = start + int.from_bytes(encoded[at:start])
        if start > len(encoded) or end > len(encoded):
            raise MalformedBatch(BatchRule.SEGMENT_LENGTH, at)
        segments.append(decode_body(encoded[start:end], start))
        at = end
    _check_clocks(segments)
    return tuple(segments)


def _check_clocks(segments: Iterable[Segment]) -> None:
    clock = 0
    for segment in segments:
        if segment.clock < clock:
            raise MalformedBatch(BatchRule.CLOCK_FALLS)
        clock = segment.clock
