"""Batches of the rollup: their bytes, their commitment, their execution and the check of what they claim."""

from exchange.rollup.batch import MAX_BATCH_BYTES, Batch, decode_segments, encode_segments
from exchange.rollup.commitment import commitment
from exchange.rollup.errors import BatchRule, MalformedBatch, MalformedItem, RollupError
from exchange.rollup.executor import Execution, execute_segment
from exchange.rollup.forced_items import decode_item, encode_item, item_hash
from exchange.rollup.replay import Difference, DifferenceKind, ReplayReport, replay
from exchange.rollup.segment import MAX_ENTRIES, MAX_STEP_BYTES, Segment

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_ENTRIES",
    "MAX_STEP_BYTES",
    "Batch",
    "BatchRule",
    "Difference",
    "DifferenceKind",
    "Execution",
    "MalformedBatch",
    "MalformedItem",
    "ReplayReport",
    "RollupError",
    "Segment",
    "commitment",
    "decode_item",
    "decode_segments",
    "encode_item",
    "encode_segments",
    "execute_segment",
    "item_hash",
    "replay",
]
