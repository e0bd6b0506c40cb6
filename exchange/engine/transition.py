"""The transition function: total over bytes, deterministic, integers only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from exchange.engine.backstop import backstop, deleverage, settle_deleveraging, unwind
from exchange.engine.bulk import continue_bulk, place_bulk
from exchange.engine.cancelling import (
    cancel_all,
    cancel_client,
    cancel_due,
    cancel_order,
    schedule_cancel_all,
    sweep,
)
from exchange.engine.cover import cover
from exchange.engine.events import Event, StepRejected
from exchange.engine.expiring import settle_expiry
from exchange.engine.forced import ForcedItem, execute, open_account
from exchange.engine.keys import set_flags, set_key, set_protection
from exchange.engine.liquidation import liquidate
from exchange.engine.locks import claim_lock, lock_cash, refund_lock
from exchange.engine.marking import reprice
from exchange.engine.operations import cancel_operation, execute_operation, propose
from exchange.engine.oracle import oracle_report
from exchange.engine.orders import continue_register, place_order, replace_order
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rebalancing import lapse_reservation, reserve_rebalance
from exchange.engine.settling import settle_positions
from exchange.engine.signatures import SECP256K1, Signatures
from exchange.engine.smiles import smile_report
from exchange.engine.steps import StepKind
from exchange.engine.subaccounts import open_sub_account, transfer
from exchange.engine.triggers import fire
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
        int(StepKind.PLACE_SPECIAL): place_order,
        int(StepKind.REPLACE): replace_order,
        int(StepKind.CANCEL_CLIENT): cancel_client,
        int(StepKind.SET_KEY): set_key,
        int(StepKind.OPEN_SUB_ACCOUNT): open_sub_account,
        int(StepKind.TRANSFER): transfer,
        int(StepKind.PLACE_BULK): place_bulk,
        int(StepKind.CONTINUE_BULK): continue_bulk,
        int(StepKind.TRIGGER): fire,
        int(StepKind.SWEEP): sweep,
        int(StepKind.SCHEDULE_CANCEL_ALL): schedule_cancel_all,
        int(StepKind.SET_PROTECTION): set_protection,
        int(StepKind.SET_FLAGS): set_flags,
        int(StepKind.CANCEL_DUE): cancel_due,
        int(StepKind.PROPOSE): propose,
        int(StepKind.EXECUTE_OPERATION): execute_operation,
        int(StepKind.CANCEL_OPERATION): cancel_operation,
        int(StepKind.SETTLE_POSITIONS): settle_positions,
        int(StepKind.SMILE_REPORT): smile_report,
        int(StepKind.SETTLE_EXPIRY): settle_expiry,
        int(StepKind.BACKSTOP): backstop,
        int(StepKind.UNWIND): unwind,
        int(StepKind.DELEVERAGE): deleverage,
        int(StepKind.SETTLE_DELEVERAGING): settle_deleveraging,
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
        return [StepRejected(rejection.reason, rejection.signer, rejection.account, rejection.key)]


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
