"""The sequencer: an ordered durable log, soft confirmations, and batches cut from it."""

from exchange.sequencer.assembly import Limits
from exchange.sequencer.confirmation import Confirmation, ConfirmationSigner, OperatorKey, recover_operator
from exchange.sequencer.errors import (
    BatchReason,
    BatchRefused,
    CorruptReason,
    ForcedItemRefused,
    ForcedReason,
    InvalidSignature,
    LogCorrupt,
    LogDiverged,
    SequencerError,
    Unavailable,
    UnavailableReason,
)
from exchange.sequencer.feed import Sequenced, Subscriber
from exchange.sequencer.log import Entry, MemoryLog, OrderedLog
from exchange.sequencer.recutting import Place, Receipt, Recut, Redone
from exchange.sequencer.sequencer import Clock, Outcome, Sequencer
from exchange.sequencer.sqlite_log import SqliteLog

__all__ = [
    "BatchReason",
    "BatchRefused",
    "Clock",
    "Confirmation",
    "ConfirmationSigner",
    "CorruptReason",
    "Entry",
    "ForcedItemRefused",
    "ForcedReason",
    "InvalidSignature",
    "Limits",
    "LogCorrupt",
    "LogDiverged",
    "MemoryLog",
    "OperatorKey",
    "OrderedLog",
    "Outcome",
    "Place",
    "Receipt",
    "Recut",
    "Redone",
    "Sequenced",
    "Sequencer",
    "SequencerError",
    "SqliteLog",
    "Subscriber",
    "Unavailable",
    "UnavailableReason",
    "recover_operator",
]
