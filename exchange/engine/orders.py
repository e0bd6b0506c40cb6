"""PlaceOrder, PlaceSpecial, Replace and Continue."""

from __future__ import annotations

from exchange.engine import book, gates, steps, triggers
from exchange.engine.authorisation import TRADE, authorise, consume_nonce
from exchange.engine.events import Event, OrderReduced, RegisterOpened, RemainderDropped
from exchange.engine.execution import drop, finish, place, release_at_limit
from exchange.engine.liquidation import resume_liquidation
from exchange.engine.matching import Taker, match, reduce_resting
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.engine.steps import StepKind
from exchange.state.account import Account
from exchange.state.limits import MAKERS_PER_STEP, PRICE_LIMIT
from exchange.state.market import Market, RegisterKind
from exchange.state.order import FREE, UNTIL_CANCELLED, Order, TimeInForce
from exchange.state.state import State


def place_order(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Check an order in full, then match it and let the rest rest; one with a trigger waits for it.

    Raises Rejected with nothing changed.
    """
    spec = steps.PLACE_ORDER if step[0] == StepKind.PLACE_ORDER else steps.PLACE_SPECIAL
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, market_id, side, time_in_force, flags, price, size, good_till, *special, nonce, expiry = fields
    account, holder = authorise(state, signatures, account_id, key, TRADE, nonce, expiry, spec.hash(*fields), r, s, v)
    market = gates.market_for_orders(state, account_id, market_id)
    display, trigger = special or (0, 0)
    until = good_till or UNTIL_CANCELLED
    taker = Taker(account_id, side, price, size, nonce, False, time_in_force, flags, display, until)
    events: list[Event] = []
    if trigger:
        triggers.wait(state, market_id, market, taker, trigger, account, events)
    else:
        place(state, market_id, taker, account, events)
    consume_nonce(holder, nonce)
    return events


def replace_order(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Give a resting order another price and size left. Only a smaller size at the same price keeps its place.

    Any other change takes it out of the book and sends it in anew, under the same conditions, in one move.
    """
    spec = steps.REPLACE
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, market_id, slot, sequence, price, size, nonce, expiry = fields
    account, holder = authorise(state, signatures, account_id, key, TRADE, nonce, expiry, spec.hash(*fields), r, s, v)
    taker = Taker(account_id, 0, price, size, nonce)
    events: list[Event] = []
    replace_resting(state, market_id, slot, sequence, taker, account, events)
    consume_nonce(holder, nonce)
    state.dirty_accounts.add(account_id)
    return events


def replace_resting(  # noqa: PLR0913, PLR0917
    state: State,
    market_id: int,
    slot: int,
    sequence: int,
    taker: Taker,
    account: Account,
    events: list[Event],
    touches: int = MAKERS_PER_STEP,
) -> int:
    """Give the order that slot and sequence name the taker's price and size, the rest of the taker being the order's.

    Returns the touches that are left. Raises Rejected with nothing changed.
    """
    account_id, price, size = taker.account_id, taker.price, taker.remaining
    market = gates.market_for_orders(state, account_id, market_id)
    order = resting_order(state, account_id, market_id, slot, sequence)
    if book.is_dead(state, market, order):
        raise Rejected(Reason.ORDER_UNKNOWN)
    left = order.remaining + order.hidden
    if order.trigger or (price, size) == (order.price, left):
        raise Rejected(Reason.NOTHING_TO_REPLACE)
    if price == order.price and size < left:
        _reduce(state, market_id, market, slot, order, left - size, events)
        return touches
    if not 0 < price < PRICE_LIMIT:
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    taker.side, taker.time_in_force, taker.flags = order.side, order.time_in_force, order.flags
    taker.display, taker.expiry = order.display if order.display < size else 0, order.expiry
    return place(state, market_id, taker, account, events, touches, replaced=(slot, order))


def resting_order(state: State, account_id: int, market_id: int, slot: int, sequence: int) -> Order:
    """The account's order that slot and sequence name, dead or not. Raises Rejected."""
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    slots = state.orders[market_id]
    order = slots[slot] if slot < len(slots) else None
    if order is None or order.side == FREE or order.account != account_id or order.sequence != sequence:
        raise Rejected(Reason.ORDER_UNKNOWN)
    return order


def continue_register(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Go on with the unfinished order of a market; anyone may, nobody can overtake it."""
    if len(step) != steps.MARKET_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id = steps.MARKET_STEP.unpack(step)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if not market.register:
        raise Rejected(Reason.REGISTER_CLOSED)
    state.dirty_markets.add(market_id)
    if market.register != RegisterKind.ORDER:
        if gates.has_expired(state, market):
            account_id, remaining = market.register_account, market.register_remaining
            market.close_register()
            return [RemainderDropped(account_id, market_id, 0, remaining)]
        return resume_liquidation(state, market_id, market)
    return _continue_order(state, market_id, market)


def _continue_order(state: State, market_id: int, market: Market) -> list[Event]:
    account_id = market.register_account
    account = state.accounts[account_id]
    taker = Taker(
        account_id, market.register_side, market.register_price, market.register_remaining, market.register_nonce
    )
    taker.time_in_force, taker.flags = market.register_time_in_force, market.register_flags
    taker.display, taker.expiry = market.register_display, market.register_expiry
    if market.register_epoch != account.order_epoch:
        # Whatever killed the account's orders zeroed the reservation with the epoch.
        market.close_register()
        return [RemainderDropped(account_id, market_id, taker.nonce, taker.remaining)]
    events: list[Event] = []
    position = account.positions[market_id]
    state.dirty_accounts.add(account_id)
    clock = state.header.clock
    if taker.expiry <= clock or 0 < account.cancel_all_at <= clock or gates.has_expired(state, market):
        market.close_register()
        drop(market_id, market, taker, account, position, events)
        return events
    before = taker.remaining
    more, _ = match(state, market_id, taker, account, position, events)
    release_at_limit(position, market, taker, before - taker.remaining)
    if more:
        market.register_remaining = taker.remaining
        events.append(RegisterOpened(market_id, account_id, taker.remaining))
        return events
    market.close_register()
    if taker.remaining and taker.time_in_force != TimeInForce.IOC and not book.has_free_slot(market):
        drop(market_id, market, taker, account, position, events)
        return events
    finish(state, market_id, taker, account, position, events)
    return events


def _reduce(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, market: Market, slot: int, order: Order, by: int, events: list[Event]
) -> None:
    if by == order.remaining + order.hidden:
        raise Rejected(Reason.SIZE_OUT_OF_RANGE)
    if by % market.lot:
        raise Rejected(Reason.SIZE_OFF_LOT)
    if order.remaining + order.hidden - by < market.min_size:
        raise Rejected(Reason.SIZE_OUT_OF_RANGE)
    reduce_resting(state, market_id, market, slot, order, by)
    left = order.remaining + order.hidden
    events.append(OrderReduced(order.account, market_id, slot, order.sequence, order.nonce, left))
