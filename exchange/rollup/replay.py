"""Rebuilds the state from posted batches and says where the claims first part from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exchange.engine import ForcedItem
from exchange.rollup.batch import Batch
from exchange.rollup.errors import MalformedBatch
from exchange.rollup.executor import execute_segment
from exchange.state import State


class DifferenceKind(StrEnum):
    """What is wrong with a claim."""

    INDEX = "Index"
    """The batch is not the next one."""
    PARENT_ROOT = "ParentRoot"
    """The batch starts from another root than the one before it ended in."""
    MALFORMED = "Malformed"
    """The data is no batch; the contract never accepts such a one."""
    CLOCK_FALLS = "ClockFalls"
    """The batch's first clock is below the last one before it."""
    FORCED_ITEM_MISSING = "ForcedItemMissing"
    """The segment takes an item that was never queued."""
    STATE_ROOT = "StateRoot"
    """The segment ends in another root than claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first wrong claim: `segment` counts within `batch`, None where the batch as a whole is wrong."""

    kind: DifferenceKind
    batch: int
    segment: int | None
    claimed: str
    actual: str

    def __str__(self) -> str:
        place = f"batch {self.batch}" if self.segment is None else f"batch {self.batch}, segment {self.segment}"
        return f"{self.kind} at {place}: claimed {self.claimed}, is {self.actual}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """How far the claims hold: whole batches, segments, steps and forced items that agree, and the root they end in."""

    batches: int
    segments: int
    steps: int
    forced_items: int
    root: bytes
    difference: Difference | None

    @property
    def is_verified(self) -> bool:
        """True when every claim holds."""
        return self.difference is None


class _Differs(Exception):  # noqa: N818 - carries a result, not an error
    def __init__(self, difference: Difference) -> None:
        self.difference = difference


class _Replay:
    def __init__(self, state: State, forced_items: Sequence[ForcedItem]) -> None:
        self.state = state
        self.forced_items = forced_items
        self.root = state.commit()
        self.batches = self.segments = self.steps = self.taken = 0

    def batch(self, batch: Batch) -> None:
        at, place = self.batches, batch.index
        if place != at:
            raise _differs(DifferenceKind.INDEX, at, None, str(place), str(at))
        if batch.parent_root != self.root:
            raise _differs(DifferenceKind.PARENT_ROOT, at, None, batch.parent_root.hex(), self.root.hex())
        try:
            segments = batch.segments()
        except MalformedBatch as error:
            raise _differs(DifferenceKind.MALFORMED, at, None, f"{len(batch.data)} bytes", str(error)) from error
        clock = self.state.header.clock
        if segments[0].clock < clock:
            raise _differs(DifferenceKind.CLOCK_FALLS, at, 0, str(segments[0].clock), str(clock))
        for number, (segment, claimed) in enumerate(zip(segments, batch.roots, strict=True)):
            items = self.forced_items[self.taken : self.taken + segment.forced_count]
            if len(items) < segment.forced_count:
                wanted = str(self.taken + segment.forced_count)
                raise _differs(DifferenceKind.FORCED_ITEM_MISSING, at, number, wanted, str(len(self.forced_items)))
            actual = execute_segment(self.state, segment, items).root
            if actual != claimed:
                raise _differs(DifferenceKind.STATE_ROOT, at, number, claimed.hex(), actual.hex())
            self.root = actual
            self.segments += 1
            self.steps += len(segment.steps)
            self.taken += segment.forced_count
        self.batches += 1

    def report(self, difference: Difference | None) -> ReplayReport:
        return ReplayReport(
            batches=self.batches,
            segments=self.segments,
            steps=self.steps,
            forced_items=self.taken,
            root=self.root,
            difference=difference,
        )


def replay(genesis_state: State, batches: Iterable[Batch], forced_items: Sequence[ForcedItem]) -> ReplayReport:
    """Run batches from a genesis state (which moves on with them) and stop at the first wrong claim.

    `forced_items` are all of the queue, item `i` at index `i`; those not yet taken may follow.
    """
    course = _Replay(genesis_state, forced_items)
    try:
        for batch in batches:
            course.batch(batch)
    except _Differs as found:
        return course.report(found.difference)
    return course.report(None)


def _differs(kind: DifferenceKind, batch: int, segment: int | None, claimed: str, actual: str) -> _Differs:
    return _Differs(Difference(kind=kind, batch=batch, segment=segment, claimed=claimed, actual=actual))
