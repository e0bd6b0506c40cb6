"""Matching by price, then time. Nothing here can fail: whoever calls has checked everything."""

# ruff: noqa: PLR1730, FURB136  # min() and max() cost a call each on the hottest path
from __future__ import annotations

from msgspec import Struct

from exchange.engine.book import unlink, withdraw_order
from exchange.engine.events import Event, Filled, Removal
from exchange.engine.settlement import settle
from exchange.state.account import Account, Position
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, MAKERS_PER_STEP
from exchange.state.order import SLOT_BITS
from exchange.state.state import State


class Taker(Struct, gc=False):
    """An incoming order: who, which way, how far, how much is left. A liquidation's fee goes to account 0."""

    account_id: int
    side: int
    price: int
    remaining: int
    nonce: int
    is_liquidation: bool = False


class Reach(Struct, frozen=True, gc=False):
    """What the orders that a taker would touch in one step offer.

    `available` is the size of others' live orders; `meets_live` that a live order, own or not, is among them; `beyond`
    that the book still crosses after them.
    """

    available: int
    meets_live: bool
    beyond: bool


def crosses(side: int, limit: int, price: int) -> bool:
    """Whether a taker of `side` with a limit trades at a resting price."""
    return price >= limit if side else price <= limit


def reach(state: State, market_id: int, taker: Taker) -> Reach:
    """Look at the first eight orders a taker would meet, changing nothing."""
    market = state.markets[market_id]
    slots = state.orders[market_id]
    clock = state.header.clock
    available = 0
    meets_live = False
    reference = market.best_bid if taker.side else market.best_ask
    for _ in range(MAKERS_PER_STEP):
        if not reference:
            break
        order = slots[reference - 1]
        if not crosses(taker.side, taker.price, order.price):
            break
        if order.expiry > clock and order.epoch == state.accounts[order.account].order_epoch:
            meets_live = True
            if order.account != taker.account_id:
                available += order.remaining
        reference = order.next
    beyond = reference != 0 and crosses(taker.side, taker.price, slots[reference - 1].price)
    return Reach(available, meets_live, beyond)


def match(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  # one loop, flat for speed
    state: State, market_id: int, taker: Taker, account: Account, position: Position, events: list[Event]
) -> bool:
    """Trade a taker against the book, touching at most eight orders; `taker.remaining` shrinks by what was filled.

    Returns whether the taker has more to come: something remains and the book still crosses. Open quantities that the
    taker reserved are the caller's to release.
    """
    market = state.markets[market_id]
    slots = state.orders[market_id]
    accounts = state.accounts
    clock = state.header.clock
    multiplier = market.multiplier
    maker_fee_rate = market.maker_fee
    taker_fee_rate = market.liquidation_fee if taker.is_liquidation else market.taker_fee
    taker_id = taker.account_id
    selling = taker.side
    limit = taker.price
    remaining = taker.remaining
    fees = 0
    touches = MAKERS_PER_STEP
    while remaining:
        reference = market.best_bid if selling else market.best_ask
        if not reference:
            break
        slot = reference - 1
        order = slots[slot]
        price = order.price
        if price < limit if selling else price > limit:
            break
        if not touches:
            taker.remaining = remaining
            market.fees += fees
            return True
        touches -= 1
        maker_id = order.account
        maker = accounts[maker_id]
        if order.epoch != maker.order_epoch or order.expiry <= clock:
            events.append(withdraw_order(state, market_id, market, slot, order, Removal.EXPIRED))
            continue
        if maker_id == taker_id:
            events.append(withdraw_order(state, market_id, market, slot, order, Removal.SELF_TRADE))
            continue
        size = order.remaining
        if remaining < size:
            size = remaining
        cash = price * size * multiplier // CASH_SCALE
        maker_fee = -(-cash * maker_fee_rate // FACTOR_ONE)
        taker_fee = -(-cash * taker_fee_rate // FACTOR_ONE)
        maker_position = maker.positions[market_id]
        maker_before = maker_position.size
        taker_before = position.size
        if selling:
            maker_position.bid_quantity -= size
            maker_position.bid_notional -= cash
            settle(maker, maker_position, size, cash)
            settle(account, position, -size, cash)
        else:
            maker_position.ask_quantity -= size
            maker_position.ask_notional -= cash
            settle(maker, maker_position, -size, cash)
            settle(account, position, size, cash)
        market.open_interest += (
            _long(maker_position.size) - _long(maker_before) + _long(position.size) - _long(taker_before)
        )
        maker.cash -= maker_fee
        account.cash -= taker_fee
        fees += maker_fee
        if taker.is_liquidation:
            accounts[0].cash += taker_fee
            state.dirty_accounts.add(0)
        else:
            fees += taker_fee
        remaining -= size
        market.last_price = price
        left = order.remaining - size
        events.append(
            Filled(
                market_id,
                price,
                size,
                taker_id,
                selling,
                taker.nonce,
                taker_fee,
                maker_id,
                slot,
                order.sequence,
                order.nonce,
                left,
                maker_fee,
                taker.is_liquidation,
            )
        )
        state.dirty_accounts.add(maker_id)
        if left:
            order.remaining = left
            state.dirty_orders.add((market_id << SLOT_BITS) + slot)
        else:
            unlink(state, market_id, market, slot, order)
        if maker_position.is_empty():
            del maker.positions[market_id]
    taker.remaining = remaining
    market.fees += fees
    return False


def _long(size: int) -> int:
    return size if size > 0 else 0
