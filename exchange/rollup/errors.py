"""Why bytes are not a batch.

RollupError
└── MalformedBatch(rule, offset)   the bytes or fields break one rule of docs/protocol/batches.md
"""

from enum import StrEnum


class BatchRule(StrEnum):
    """The rule that was broken."""

    EMPTY_BATCH = "EmptyBatch"
    """A batch has at least one segment."""
    BATCH_TOO_LARGE = "BatchTooLarge"
    """The data of a batch is at most 120,000 bytes."""
    TRUNCATED_SEGMENT = "TruncatedSegment"
    """The data ends before the segment's length prefix or body does."""
    TRUNCATED_BODY = "TruncatedBody"
    """The body ends before its clock and counts, or before its last step."""
    TRAILING_BYTES = "TrailingBytes"
    """The body goes on after its last step."""
    EMPTY_SEGMENT = "EmptySegment"
    """A segment has at least one forced item or step."""
    SEGMENT_TOO_LONG = "SegmentTooLong"
    """A segment has at most 32 forced items and steps together."""
    STEP_TOO_LARGE = "StepTooLarge"
    """A step has at most 4,096 bytes."""
    CLOCK_OUT_OF_RANGE = "ClockOutOfRange"
    """A clock is a uint64 of seconds."""
    CLOCK_FELL = "ClockFell"
    """The clock of a segment is not below that of the one before."""
    ROOT_COUNT = "RootCount"
    """A batch claims one root of 32 bytes per segment."""


class RollupError(Exception):
    """Anything wrong with what was given to the rollup."""


class MalformedBatch(RollupError):  # noqa: N818 - named after what it says
    """The bytes or fields break `rule`; `offset` is where in the batch's data, when they were bytes."""

    def __init__(self, rule: BatchRule, offset: int | None = None) -> None:
        super().__init__(str(rule) if offset is None else f"{rule} at byte {offset}")
        self.rule = rule
        self.offset = offset
