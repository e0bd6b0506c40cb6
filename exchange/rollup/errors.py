"""Why bytes are not a batch or a forced item.

RollupError
├── MalformedBatch(rule, offset)   the bytes or fields break one rule of docs/protocol/batches.md
└── MalformedItem                  the bytes or fields are no item of the forced queue
"""

from enum import StrEnum


class BatchRule(StrEnum):
    """The rule that was broken, named as the error the contract refuses it with."""

    DATA_SIZE = "DataSize"
    """A batch has at least one segment and at most 120,000 bytes."""
    SEGMENT_LENGTH = "SegmentLength"
    """The data goes on to where a segment's length says it ends, and that has room for clock and counts."""
    SEGMENT_COUNT = "SegmentCount"
    """A segment has 1 to 32 forced items and steps together."""
    STEP_LENGTH = "StepLength"
    """A step has at most 4,096 bytes."""
    SEGMENT_TRAILING = "SegmentTrailing"
    """The last step ends exactly where its segment does."""
    CLOCK_FALLS = "ClockFalls"
    """The clock of a segment is not below that of the one before."""
    ROOT_COUNT = "RootCount"
    """A batch claims one root of 32 bytes per segment."""
    CLOCK_RANGE = "ClockRange"
    """A clock is a uint64 of seconds; in bytes it cannot be anything else."""


class RollupError(Exception):
    """Anything wrong with what was given to the rollup."""


class MalformedBatch(RollupError):  # noqa: N818 - named after what it says
    """The bytes or fields break `rule`; `offset` is where in the batch's data, when they were bytes."""

    def __init__(self, rule: BatchRule, offset: int | None = None) -> None:
        super().__init__(str(rule) if offset is None else f"{rule} at byte {offset}")
        self.rule = rule
        self.offset = offset


class MalformedItem(RollupError, ValueError):  # noqa: N818 - named after what it says
    """The bytes or fields are no item of the forced queue."""
