"""What the sequencer answers when it does not confirm. A step the engine refuses is the engine's own `Rejected`.

SequencerError
├── Unavailable(reason)            nothing is wrong with the request: try again
├── LogCorrupt(reason, height)     the log is not what was written, or not this sequencer's
├── LogDiverged(height, message)   the log is intact, but the engine no longer comes to the same results
├── ForcedItemRefused(reason, expected, actual)
├── BatchRefused(reason, index)
└── InvalidSignature               a confirmation nobody signed
"""

from enum import StrEnum


class SequencerError(Exception):
    """Anything the sequencer says no with."""


class UnavailableReason(StrEnum):
    """Why a sound request cannot be served now."""

    BACKLOG_FULL = "BacklogFull"
    """More bytes are confirmed than posted than the bound allows; the poster has to catch up first."""
    LOG_FAILED = "LogFailed"
    """The log could not be written; the sequencer stops until it is opened again, which shows what was kept."""
    LOG_IN_USE = "LogInUse"
    """Another process holds the log."""
    BUSY = "Busy"
    """Too many wait already, or the wait was too long: a step may still be taken then, and be sent again."""
    NO_ANSWER = "NoAnswer"
    """A venue in another process does not answer."""


class Unavailable(SequencerError):  # noqa: N818 - named after what it says
    """The same request may be made again later; nothing was sequenced, unless a `LogFailed` came late."""

    def __init__(self, reason: UnavailableReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class CorruptReason(StrEnum):
    """What is wrong with a log."""

    UNREADABLE = "Unreadable"
    """The file is no log of this version, or its pages are damaged."""
    FOREIGN = "Foreign"
    """It is a log of another genesis."""
    GAP = "Gap"
    """A height is missing."""
    DIGEST = "Digest"
    """An entry is not what its digest and the one before it say."""
    RECORD = "Record"
    """An entry is no record, or one that cannot follow those before it."""


class LogCorrupt(SequencerError):  # noqa: N818 - named after what it says
    """The log is torn or was edited at `height` (None: as a whole)."""

    def __init__(self, reason: CorruptReason, height: int | None = None) -> None:
        super().__init__(str(reason) if height is None else f"{reason} at height {height}")
        self.reason = reason
        self.height = height


class LogDiverged(SequencerError):  # noqa: N818 - named after what it says
    """Replaying the entry at `height` gave something else than when it was written."""

    def __init__(self, height: int, message: str) -> None:
        super().__init__(f"{message} at height {height}")
        self.height = height


class ForcedReason(StrEnum):
    """Why a forced item is not taken."""

    GAP = "Gap"
    """An item before it was not taken yet."""
    CONFLICT = "Conflict"
    """Another item was taken at its index."""


class ForcedItemRefused(SequencerError):  # noqa: N818 - named after what it says
    """No item of the call from this one on was taken: `index` was offered when `cursor` was next."""

    def __init__(self, reason: ForcedReason, *, index: int, cursor: int) -> None:
        super().__init__(f"{reason}: item {index}, next is {cursor}")
        self.reason = reason
        self.index = index
        self.cursor = cursor


class BatchReason(StrEnum):
    """Why something asked about a batch is not answered."""

    UNKNOWN = "Unknown"
    """No batch of that index was sealed."""
    OUT_OF_ORDER = "OutOfOrder"
    """Batches are posted in the order of their index."""
    COMMITMENT = "Commitment"
    """The batch on chain is another than the one sealed here: this log is not the one that was posted from."""
    ALIVE = "Alive"
    """By what is known here the settlement chain can still take the batch: it is not cut anew."""
    NO_WITHDRAWAL = "NoWithdrawal"
    """The withdrawal was not made in that batch."""


class BatchRefused(SequencerError):  # noqa: N818 - named after what it says
    """The question about batch `index` has no answer."""

    def __init__(self, reason: BatchReason, index: int) -> None:
        super().__init__(f"{reason}: batch {index}")
        self.reason = reason
        self.index = index


class InvalidSignature(SequencerError):  # noqa: N818 - named after what it says
    """The signature of a confirmation is none: no key made it."""
