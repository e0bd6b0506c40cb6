"""Everything that takes orders away: one, all, all at a time, by client id, and the dead."""

from __future__ import annotations

from exchange.engine import book, steps
from exchange.engine.authorisation import CANCEL, TRADE, authorise, consume_nonce, is_fresh
from exchange.engine.events import AllCancelled, CancelAllScheduled, Event, NonceBurned, Removal
from exchange.engine.orders import resting_order
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account
from exchange.state.limits import MAKERS_PER_STEP, OWN_EPOCH_LIMIT
from exchange.state.market import MarketStatus
from exchange.state.order import FREE
from exchange.state.state import State


def cancel_order(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Remove one order, resting or waiting; allowed while a register is open, which reads the book afresh each time."""
    spec = steps.CANCEL_ORDER
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, market_id, slot, sequence, nonce, expiry = fields
    _, holder = authorise(state, signatures, account_id, key, CANCEL, nonce, expiry, spec.hash(*fields), r, s, v)
    event = remove_own(state, account_id, market_id, slot, sequence)
    consume_nonce(holder, nonce)
    return [event]


def remove_own(state: State, account_id: int, market_id: int, slot: int, sequence: int) -> Event:
    """Take an account's order out, dead or not. Raises Rejected."""
    order = resting_order(state, account_id, market_id, slot, sequence)
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)
    return book.withdraw_order(state, market_id, state.markets[market_id], slot, order, Removal.CANCELLED)


def cancel_client(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Make sure that nothing happens any more under a client order id, which is the nonce of the order's step.

    An unused one is burned. Where the order rests in the slot that the step names, it is cancelled. Sending it again is
    safe, so it uses no nonce of its own.
    """
    spec = steps.CANCEL_CLIENT
    if len(step) != spec.size + steps.CANCEL_CLIENT_SLOT.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack_from(step)
    (slot,) = steps.CANCEL_CLIENT_SLOT.unpack_from(step, spec.size)
    account_id, key, market_id, client_id, expiry = fields
    _, holder = authorise(state, signatures, account_id, key, CANCEL, None, expiry, spec.hash(*fields), r, s, v)
    if is_fresh(holder, client_id, state.header.clock):
        consume_nonce(holder, client_id)
        state.dirty_accounts.add(account_id)
        return [NonceBurned(account_id, key, client_id)]
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    slots = state.orders[market_id]
    order = slots[slot] if slot < len(slots) else None
    if order is None or order.side == FREE or (order.account, order.nonce) != (account_id, client_id):
        raise Rejected(Reason.ORDER_UNKNOWN)
    return [remove_own(state, account_id, market_id, slot, order.sequence)]


def cancel_all(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Kill every open order of an account by raising its epoch; the book forgets them when it touches them."""
    spec = steps.CANCEL_ALL
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, nonce, expiry = fields
    account, holder = authorise(state, signatures, account_id, key, CANCEL, nonce, expiry, spec.hash(*fields), r, s, v)
    event = _kill(state, account_id, account)
    consume_nonce(holder, nonce)
    return [event]


def schedule_cancel_all(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Set the time at which all orders die, or take it back with 0; what has come already is carried out first."""
    spec = steps.SCHEDULE_CANCEL_ALL
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, time, nonce, expiry = fields
    account, holder = authorise(state, signatures, account_id, key, TRADE, nonce, expiry, spec.hash(*fields), r, s, v)
    clock = state.header.clock
    if time and time <= clock:
        raise Rejected(Reason.TIME_NOT_AHEAD)
    events: list[Event] = []
    if 0 < account.cancel_all_at <= clock:
        events.append(_kill(state, account_id, account))
    account.cancel_all_at = time
    state.dirty_accounts.add(account_id)
    consume_nonce(holder, nonce)
    return [*events, CancelAllScheduled(account_id, time)]


def cancel_due(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Carry out a scheduled cancel-all whose time has come: the account may then place orders again. Permissionless."""
    if len(step) != steps.ACCOUNT_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id = steps.ACCOUNT_STEP.unpack(step)
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    if not 0 < account.cancel_all_at <= state.header.clock:
        raise Rejected(Reason.NOTHING_DUE)
    event = _kill(state, account_id, account)
    account.cancel_all_at = 0
    return [event]


def sweep(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Take up to eight dead orders, which the step names by slot, out of a market. Permissionless."""
    head = steps.SWEEP.size
    if len(step) < head:
        raise Rejected(Reason.MALFORMED)
    _, market_id, count = steps.SWEEP.unpack_from(step)
    if len(step) != head + 4 * count or not 0 < count <= MAKERS_PER_STEP:
        raise Rejected(Reason.MALFORMED)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    slots = state.orders[market_id]
    cause = Removal.MARKET_CLOSED if market.status >= MarketStatus.EXPIRED else Removal.EXPIRED
    events: list[Event] = []
    for at in range(head, len(step), 4):
        slot = int.from_bytes(step[at : at + 4], "big")
        if slot < len(slots) and slots[slot].side != FREE and book.is_dead(state, market, slots[slot]):
            events.append(book.withdraw_order(state, market_id, market, slot, slots[slot], cause))
    if not events:
        raise Rejected(Reason.NOTHING_TO_SWEEP)
    state.dirty_markets.add(market_id)
    return events


def _kill(state: State, account_id: int, account: Account) -> Event:
    if account.order_epoch >= OWN_EPOCH_LIMIT:
        raise Rejected(Reason.EPOCHS_EXHAUSTED)
    account.kill_orders()
    state.dirty_accounts.add(account_id)
    return AllCancelled(account_id, account.order_epoch)
