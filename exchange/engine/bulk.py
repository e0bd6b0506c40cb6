"""PlaceBulk and ContinueBulk: many orders and cancels under one signature, a bounded part of them a step."""

from __future__ import annotations

from typing import Final

from exchange.engine import gates, steps, triggers
from exchange.engine.authorisation import CANCEL, TRADE, authorise, consume_nonce
from exchange.engine.cancelling import remove_own
from exchange.engine.events import EnvelopeDropped, EnvelopeOpened, Event, ItemBegun, ItemRejected
from exchange.engine.execution import place
from exchange.engine.matching import Taker
from exchange.engine.orders import replace_resting
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.engine.signed_steps import SIGNATURE
from exchange.engine.steps import Action
from exchange.state.account import ENVELOPE_ITEM_SIZE, Account, Envelope
from exchange.state.hashing import keccak256
from exchange.state.limits import ENVELOPE_ITEMS, MAKERS_PER_STEP
from exchange.state.order import UNTIL_CANCELLED
from exchange.state.state import State

_PLACE: Final = int(Action.PLACE)
_CANCEL: Final = int(Action.CANCEL)
_REPLACE: Final = int(Action.REPLACE)
_TRIGGER: Final = int(Action.TRIGGER)


def place_bulk(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Take an envelope, use its nonce, and carry out the first of its items; the rest is in the account's register.

    Each item stands alone: one that breaks a rule is an event, and the others go on. Raises Rejected with nothing
    changed where the envelope itself may not be taken.
    """
    spec = steps.PLACE_BULK
    size = len(step) - spec.size - SIGNATURE.size
    if size <= 0 or size % ENVELOPE_ITEM_SIZE or size > ENVELOPE_ITEM_SIZE * ENVELOPE_ITEMS:
        raise Rejected(Reason.MALFORMED)
    _, *fields = spec.layout.unpack_from(step)
    items = step[spec.size : spec.size + size]
    r, s, v = SIGNATURE.unpack_from(step, spec.size + size)
    account_id, key, good_till, nonce, expiry = fields
    scope = _scope(items)
    struct_hash = spec.hash(*fields, keccak256(items))
    account, holder = authorise(state, signatures, account_id, key, scope, nonce, expiry, struct_hash, r, s, v)
    if state.header.envelope_account:
        raise Rejected(Reason.ENVELOPE_OPEN)
    if scope & TRADE and 0 < account.cancel_all_at <= state.header.clock:
        raise Rejected(Reason.CANCEL_ALL_DUE)
    consume_nonce(holder, nonce)
    state.dirty_accounts.add(account_id)
    envelope = Envelope(key, nonce, good_till or UNTIL_CANCELLED, account.order_epoch, 0, items)
    return _carry_out(state, account_id, account, envelope)


def continue_bulk(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Carry out the next items of an unfinished envelope; anyone may, and nobody can overtake it."""
    if len(step) != steps.ACCOUNT_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id = steps.ACCOUNT_STEP.unpack(step)
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    envelope = account.envelope
    if envelope is None:
        raise Rejected(Reason.ENVELOPE_CLOSED)
    if _waits_for(state, envelope.items, 0) is not None:
        raise Rejected(Reason.REGISTER_OPEN)
    state.dirty_accounts.add(account_id)
    return _carry_out(state, account_id, account, envelope)


def _carry_out(state: State, account_id: int, account: Account, envelope: Envelope) -> list[Event]:
    """Go through items while eight touched orders allow.

    Every order placed, met, cancelled and replaced is a touch of its own; a replacement is placed as well.
    """
    account.envelope = None
    state.header.envelope_account = 0
    events: list[Event] = []
    items, done = envelope.items, envelope.done
    touches = MAKERS_PER_STEP
    at = 0
    while at < len(items):
        if account.order_epoch != envelope.epoch:
            left = (len(items) - at) // ENVELOPE_ITEM_SIZE
            events.append(EnvelopeDropped(account_id, envelope.nonce, left))
            return events
        cost = 2 if items[at] == _REPLACE else 1
        if touches < cost or _waits_for(state, items, at) is not None:
            break
        events.append(ItemBegun(account_id, envelope.nonce, done))
        try:
            touches = _item(state, account_id, account, envelope, items, at, touches - cost, events)
        except Rejected as rejection:
            events.append(ItemRejected(account_id, envelope.nonce, done, rejection.reason))
            touches -= cost
        done += 1
        at += ENVELOPE_ITEM_SIZE
    if at < len(items):
        envelope.done = done
        envelope.items = items[at:]
        account.envelope = envelope
        state.header.envelope_account = account_id
        events.append(EnvelopeOpened(account_id, envelope.nonce, len(envelope.items) // ENVELOPE_ITEM_SIZE))
    return events


def _item(  # noqa: PLR0913, PLR0917
    state: State,
    account_id: int,
    account: Account,
    envelope: Envelope,
    items: bytes,
    at: int,
    touches: int,
    events: list[Event],
) -> int:
    """Carry out one item and return the touches that are left. Raises Rejected with nothing changed."""
    action, market_id, side, time_in_force, flags, slot, price, size, display = steps.ITEM.unpack_from(items, at)
    if action == _CANCEL:
        if side or time_in_force or flags or size or display:
            raise Rejected(Reason.MALFORMED)
        events.append(remove_own(state, account_id, market_id, slot, price))
        return touches
    if action == _REPLACE:
        if side or time_in_force or flags:
            raise Rejected(Reason.MALFORMED)
        taker = Taker(account_id, 0, price, size, envelope.nonce)
        touches = replace_resting(state, market_id, slot, display, taker, account, events, touches)
        state.dirty_accounts.add(account_id)
        return touches
    if action not in (_PLACE, _TRIGGER) or slot:
        raise Rejected(Reason.MALFORMED)
    market = gates.market_for_orders(state, account_id, market_id)
    taker = Taker(
        *(account_id, side, price, size, envelope.nonce, False),
        *(time_in_force, flags, 0 if action == _TRIGGER else display, envelope.good_till),
    )
    if action == _TRIGGER:
        if not display:
            raise Rejected(Reason.MALFORMED)
        triggers.wait(state, market_id, market, taker, display, account, events)
        return touches
    return place(state, market_id, taker, account, events, touches)


def market_waited_for(state: State, account_id: int) -> int | None:
    """The market whose register has to close before an account's envelope goes on, None if there is none."""
    envelope = state.accounts[account_id].envelope
    return None if envelope is None else _waits_for(state, envelope.items, 0)


def _waits_for(state: State, items: bytes, at: int) -> int | None:
    """The market of the next item, if it is an order and the market's register is open."""
    action, market_id, *_ = steps.ITEM.unpack_from(items, at)
    is_waiting = action != _CANCEL and market_id < len(state.markets) and state.markets[market_id].register
    return market_id if is_waiting else None


def _scope(items: bytes) -> int:
    """What a session key needs for all of it."""
    actions = {items[at] for at in range(0, len(items), ENVELOPE_ITEM_SIZE)}
    scope = CANCEL if _CANCEL in actions else 0
    return scope | TRADE if actions - {_CANCEL} else scope
