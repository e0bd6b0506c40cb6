"""Stop, stop-limit and take-profit orders: they wait outside the book until the mark crosses their trigger."""

from __future__ import annotations

from typing import Final

from exchange.engine import book, gates, steps
from exchange.engine.events import Event, OrderPlaced, Removal, Triggered, TriggerFailed
from exchange.engine.execution import band_price, check_size, fresh_pricing, place
from exchange.engine.matching import Taker
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account
from exchange.state.limits import PRICE_LIMIT, TRIGGERS_PER_ACCOUNT
from exchange.state.market import Market
from exchange.state.order import Order, OrderFlag, Side, TimeInForce
from exchange.state.state import State

# Plain integers: the complement of a flag leaves out bits that have no name.
_DIRECTION: Final = int(OrderFlag.TRIGGER_ABOVE | OrderFlag.TRIGGER_BELOW)
_REDUCE_ONLY: Final = int(OrderFlag.REDUCE_ONLY)


def wait(  # noqa: PLR0913, PLR0917
    state: State,
    market_id: int,
    market: Market,
    taker: Taker,
    trigger: int,
    account: Account,
    events: list[Event],
) -> None:
    """Put an order into a trigger list. It reserves nothing: margin is checked when it fires.

    Raises Rejected with nothing changed.
    """
    _check(state, market_id, market, taker, trigger, account)
    order = Order(
        *(0, taker.account_id, account.order_epoch, taker.side, taker.flags, taker.price, taker.remaining),
        *(0, 0, taker.nonce, taker.expiry, 0, taker.time_in_force, 0, taker.display, trigger),
    )
    slot = book.insert_trigger(state, market_id, market, order)
    account.trigger_count += 1
    state.dirty_accounts.add(taker.account_id)
    state.dirty_markets.add(market_id)
    events.append(
        OrderPlaced(
            *(taker.account_id, market_id, slot, order.sequence, taker.side, taker.price, taker.remaining),
            *(taker.nonce, trigger),
        )
    )


def fire(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Send the first order whose trigger is crossed to the book; permissionless, and due before anything else there.

    A dead one is removed. One that breaks a rule now, margin included, is gone. A limit beyond the price band is cut to
    it: a stop is for getting out, and the band is the most its owner could ask for.
    """
    if len(step) != steps.MARKET_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id = steps.MARKET_STEP.unpack(step)
    market = gates.idle_market(state, market_id)
    if state.header.envelope_account:
        raise Rejected(Reason.ENVELOPE_OPEN)
    reference = gates.due_trigger(state, market_id)
    if not reference:
        raise Rejected(Reason.NOTHING_DUE)
    slot = reference - 1
    order = state.orders[market_id][slot]
    account = state.accounts[order.account]
    state.dirty_markets.add(market_id)
    if book.is_dead(state, market, order):
        return [book.withdraw_order(state, market_id, market, slot, order, Removal.EXPIRED)]
    pricing = fresh_pricing(state, market_id)
    events: list[Event] = [Triggered(order.account, market_id, slot, order.sequence, order.nonce, pricing.mark)]
    taker = Taker(order.account, order.side, order.price, order.remaining, order.nonce)
    taker.time_in_force, taker.flags = order.time_in_force, order.flags & ~_DIRECTION
    taker.display, taker.expiry = order.display, order.expiry
    if taker.price:
        bound = band_price(market, taker.side, pricing)
        taker.price = max(taker.price, bound) if taker.side == Side.ASK else min(taker.price, bound)
    book.withdraw_order(state, market_id, market, slot, order, Removal.TRIGGERED)
    try:
        place(state, market_id, taker, account, events)
    except Rejected as rejection:
        events.append(TriggerFailed(taker.account_id, market_id, taker.nonce, rejection.reason))
    return events


def _check(  # noqa: C901, PLR0913, PLR0917
    state: State, market_id: int, market: Market, taker: Taker, trigger: int, account: Account
) -> None:
    if 0 < account.cancel_all_at <= state.header.clock:
        raise Rejected(Reason.CANCEL_ALL_DUE)
    if taker.expiry <= state.header.clock:
        raise Rejected(Reason.EXPIRED)
    direction = taker.flags & _DIRECTION
    if taker.side > Side.ASK or taker.time_in_force > TimeInForce.FOK:
        raise Rejected(Reason.MALFORMED)
    if taker.flags & ~(_DIRECTION | _REDUCE_ONLY) or direction in (0, _DIRECTION):
        raise Rejected(Reason.MALFORMED)
    check_size(market, taker.remaining, taker.time_in_force, taker.display)
    prices = (trigger, taker.price) if taker.price or taker.time_in_force == TimeInForce.GTC else (trigger,)
    for price in prices:
        if not 0 < price < PRICE_LIMIT:
            raise Rejected(Reason.PRICE_OUT_OF_RANGE)
        if price % market.tick:
            raise Rejected(Reason.PRICE_OFF_TICK)
    mark = fresh_pricing(state, market_id).mark
    if trigger <= mark if direction == OrderFlag.TRIGGER_ABOVE else trigger >= mark:
        raise Rejected(Reason.TRIGGER_CROSSED)
    if account.trigger_count >= TRIGGERS_PER_ACCOUNT:
        raise Rejected(Reason.TOO_MANY_TRIGGERS)
    if not book.has_free_slot(market):
        raise Rejected(Reason.BOOK_FULL)
