"""The transition function: total over bytes, deterministic, integers only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from exchange.engine.cover import cover
from exchange.engine.events import Event, StepRejected
from exchange.engine.forced import ForcedItem, execute, open_account
from exchange.engine.liquidation import liquidate
from exchange.engine.locks import claim_lock, lock_cash, refund_lock
from exchange.engine.oracle import oracle_report, reprice
from exchange.engine.orders import cancel_all, cancel_order, continue_register, place_order
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rebalancing import lapse_reservation, reserve_rebalance
from exchange.engine.signatures import SECP256K1, Signatures
from exchange.engine.steps import StepKind
from exchange.engine.waiting_queue import leave_queue, queue_withdrawal, serve_queue
from exchange.engine.withdrawals import withdraw
from exchange.state.limits import STEP_SIZE_LIMIT
from exchange.state.state import State

Handler = Callable[[State, bytes, Signatures], list[Event]]

HANDLERS: Final[Mapping[int, Handler]] = MappingProxyType(
    {
        int(StepKind.PLACE_ORDER): place_order,
        int(StepKind.CANCEL_ORDER): cancel_order,
        int(StepKind.CANCEL_ALL): cancel_all,
        int(StepKind.WITHDRAW): withdraw,
        int(StepKind.ORACLE_REPORT): oracle_report,
        int(StepKind.REPRICE): reprice,
        int(StepKind.CONTINUE): continue_register,
        int(StepKind.LIQUIDATE): liquidate,
        int(StepKind.COVER): cover,
        int(StepKind.LOCK_CASH): lock_cash,
        int(StepKind.CLAIM_LOCK): claim_lock,
        int(StepKind.REFUND_LOCK): refund_lock,
        int(StepKind.QUEUE_WITHDRAWAL): queue_withdrawal,
        int(StepKind.SERVE_QUEUE): serve_queue,
        int(StepKind.RESERVE_REBALANCE): reserve_rebalance,
        int(StepKind.LAPSE_RESERVATION): lapse_reservation,
        int(StepKind.LEAVE_QUEUE): leave_queue,
    }
)


class ClockWentBackError(ValueError):
    """A segment's clock is below the state's; the rollup contract accepts no such batch."""


def try_apply(state: State, step: bytes, signatures: Signatures = SECP256K1) -> list[Event]:
    """Apply a step and count it. Raises Rejected with the state untouched and nothing counted."""
    if not 0 < len(step) <= STEP_SIZE_LIMIT:
        raise Rejected(Reason.MALFORMED)
    handler = HANDLERS.get(step[0])
    if handler is None:
        raise Rejected(Reason.MALFORMED)
    events = handler(state, step, signatures)
    state.header.sequence += 1
    return events


def apply(state: State, step: bytes, signatures: Signatures = SECP256K1) -> list[Event]:
    """Apply a step; anything invalid is a no-op that is counted. Never raises for any bytes."""
    try:
        return try_apply(state, step, signatures)
    except Rejected as rejection:
        state.header.sequence += 1
        return [StepRejected(rejection.reason)]


def apply_forced(state: State, item: ForcedItem) -> list[Event]:
    """Apply the next item of the forced queue: it is always taken and counted, and opens its account.

    What it asks for, if that breaks a rule, is a `StepRejected`.
    """
    events = open_account(state, item)
    try:
        events += execute(state, item)
    except Rejected as rejection:
        events.append(StepRejected(rejection.reason))
    state.header.sequence += 1
    state.header.queue_cursor += 1
    state.header.queue_time = max(state.header.queue_time, item.enqueued_at)
    return events


def set_clock(state: State, seconds: int) -> None:
    """Move the clock to a segment's. Raises ClockWentBackError if that is before the state's."""
    if seconds < state.header.clock:
        raise ClockWentBackError(f"{seconds} is before {state.header.clock}")
    state.header.clock = seconds
