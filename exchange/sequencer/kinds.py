"""Which steps can have an effect only once, and which only carry on what another began."""

from typing import Final

from exchange.engine.steps import StepKind

NONCED_KINDS: Final = frozenset(
    (
        StepKind.PLACE_ORDER,
        StepKind.CANCEL_ORDER,
        StepKind.CANCEL_ALL,
        StepKind.WITHDRAW,
        StepKind.PLACE_SPECIAL,
        StepKind.REPLACE,
        StepKind.CANCEL_CLIENT,
        StepKind.SET_KEY,
        StepKind.OPEN_SUB_ACCOUNT,
        StepKind.TRANSFER,
        StepKind.PLACE_BULK,
        StepKind.SCHEDULE_CANCEL_ALL,
        StepKind.SET_PROTECTION,
        StepKind.SET_FLAGS,
        StepKind.PROPOSE,
        StepKind.CANCEL_OPERATION,
        StepKind.LOCK_CASH,
        StepKind.QUEUE_WITHDRAWAL,
        StepKind.RESERVE_REBALANCE,
        StepKind.LEAVE_QUEUE,
    )
)
"""Steps that can have an effect only once: sent again, they are answered with the confirmation they got."""

DUE_KINDS: Final = frozenset((StepKind.CONTINUE, StepKind.CONTINUE_BULK, StepKind.TRIGGER))
"""What the sequencer does by itself after a step, see `exchange.engine.due`."""
