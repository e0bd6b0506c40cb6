"""Matching by price, then time. Nothing here can fail: whoever calls has checked everything."""

# ruff: noqa: PLR1730, FURB136  # min() and max() cost a call each on the hottest path
from __future__ import annotations

from typing import Final

from msgspec import Struct

from exchange.engine import deleveraging, funding
from exchange.engine.book import refresh, release, unlink, withdraw_order
from exchange.engine.events import Event, Filled, OrderReduced, Removal
from exchange.engine.fees import count_volume
from exchange.engine.protection import note_fill
from exchange.engine.settlement import settle
from exchange.state.account import MAIN_MASK, Account, AccountFlag, Position, SelfTrade
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, MAKERS_PER_STEP
from exchange.state.market import Market
from exchange.state.order import SLOT_BITS, UNTIL_CANCELLED, Order, OrderFlag, TimeInForce
from exchange.state.state import State

_REDUCE_ONLY: Final = int(OrderFlag.REDUCE_ONLY)
_SELF_TRADE: Final = int(AccountFlag.SELF_TRADE)
_FEE_SCALE: Final = FACTOR_ONE * FACTOR_ONE


class Taker(Struct, gc=False):
    """An incoming order: who, which way, how far, how much is left, and what becomes of it.

    A liquidation's fee goes to account 0, and its flags are its tier. `is_stopped` says that self-trade prevention
    ended it.
    """

    account_id: int
    side: int
    price: int
    remaining: int
    nonce: int
    is_liquidation: bool = False
    time_in_force: int = int(TimeInForce.IOC)
    flags: int = 0
    display: int = 0
    expiry: int = UNTIL_CANCELLED
    is_stopped: bool = False


def crosses(side: int, limit: int, price: int) -> bool:
    """Whether a taker of `side` with a limit trades at a resting price."""
    return price >= limit if side else price <= limit


def match(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917  # one loop, flat for speed
    state: State,
    market_id: int,
    taker: Taker,
    account: Account,
    position: Position,
    events: list[Event],
    touches: int = MAKERS_PER_STEP,
) -> tuple[bool, int]:
    """Trade a taker against the book, touching at most `touches` orders; `taker.remaining` shrinks by what it met.

    Returns whether the taker has more to come (something remains and the book still crosses), and the touches left. A
    fill, a dead order, one of the same owner and an iceberg's refresh are a touch each. Open quantities that the taker
    reserved are the caller's to release.
    """
    market = state.markets[market_id]
    slots = state.orders[market_id]
    accounts = state.accounts
    clock = state.header.clock
    shares = state.fee_shares
    multiplier = market.multiplier
    maker_fee_rate = market.maker_fee
    if taker.is_liquidation:
        taker_fee_rate = -(-market.liquidation_fee * state.config.liquidation_tiers[taker.flags].fee // FACTOR_ONE)
        taker_fee_rate *= FACTOR_ONE
    else:
        taker_fee_rate = market.taker_fee * shares[account.tier][0]
    taker_id = taker.account_id
    pricing = state.pricing[market_id]
    funding_index = 0 if pricing is None else pricing.funding_index
    if position.funding_index != funding_index:
        funding.settle(market, account, position, funding_index)
    was_hit = deleveraging.has_any(market)
    owner = taker_id & MAIN_MASK
    selling = taker.side
    limit = taker.price
    remaining = taker.remaining
    fees = traded = 0
    more = False
    while remaining:
        reference = market.best_bid if selling else market.best_ask
        if not reference:
            break
        slot = reference - 1
        order = slots[slot]
        price = order.price
        if price < limit if selling else price > limit:
            break
        if touches < 2 and (not touches or (order.hidden and remaining >= order.remaining)):
            more = True
            break
        touches -= 1
        maker_id = order.account
        maker = accounts[maker_id]
        if order.epoch != maker.order_epoch or order.expiry <= clock or 0 < maker.cancel_all_at <= clock:
            events.append(withdraw_order(state, market_id, market, slot, order, Removal.EXPIRED))
            continue
        if maker_id & MAIN_MASK == owner:
            taker.remaining = remaining
            _meet_own(state, market_id, market, taker, account, slot, order, events)
            remaining = taker.remaining
            if taker.is_stopped:
                break
            continue
        size = order.remaining
        if remaining < size:
            size = remaining
        maker_position = maker.positions[market_id]
        if was_hit:
            deleveraging.settle_account(state, market_id, maker_id, maker, maker_position)
        maker_before = maker_position.size
        reducing = order.flags & _REDUCE_ONLY
        if reducing:
            room = -maker_before if selling else maker_before
            if room <= 0:
                events.append(withdraw_order(state, market_id, market, slot, order, Removal.REDUCE_ONLY))
                continue
            if room < size:
                size = room
        cash = price * size * multiplier // CASH_SCALE
        maker_fee = -(-cash * maker_fee_rate * shares[maker.tier][1] // _FEE_SCALE)
        if maker_fee < 0 and taker.is_liquidation:
            maker_fee = 0  # a rebate is paid out of the taker's fee, which goes to the insurance fund here
        taker_fee = -(-cash * taker_fee_rate // _FEE_SCALE)
        taker_before = position.size
        if maker_position.funding_index != funding_index:
            funding.settle(market, maker, maker_position, funding_index)
        if selling:
            maker_position.bid_quantity -= size
            maker_position.bid_notional -= cash
            if reducing:
                maker_position.reduce_bid -= size
            settle(maker, maker_position, size, cash)
            settle(account, position, -size, cash)
        else:
            maker_position.ask_quantity -= size
            maker_position.ask_notional -= cash
            if reducing:
                maker_position.reduce_ask -= size
            settle(maker, maker_position, -size, cash)
            settle(account, position, size, cash)
        maker_after = maker_position.size
        if was_hit:
            deleveraging.stamp(market, maker_position)
            deleveraging.stamp(market, position)
        market.open_interest += _long(maker_after) - _long(maker_before) + _long(position.size) - _long(taker_before)
        maker.cash -= maker_fee
        account.cash -= taker_fee
        fees += maker_fee
        if taker.is_liquidation:
            accounts[0].cash += taker_fee
            state.dirty_accounts.add(0)
        else:
            fees += taker_fee
        traded += cash
        count_volume(maker, cash, clock, state.config)
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
                left + order.hidden,
                maker_fee,
                taker.is_liquidation,
            )
        )
        state.dirty_accounts.add(maker_id)
        order.remaining = left
        if left:
            if reducing and not maker_after:
                events.append(withdraw_order(state, market_id, market, slot, order, Removal.REDUCE_ONLY))
            else:
                state.dirty_orders.add((market_id << SLOT_BITS) + slot)
        elif order.hidden:
            touches -= 1
            events.append(refresh(state, market_id, market, slot, order))
        else:
            unlink(state, market_id, market, slot, order)
        if maker_position.is_empty():
            maker.positions.pop(market_id, None)
        if maker.protection is not None:
            note_fill(maker_id, maker, cash, clock, events)
    taker.remaining = remaining
    market.fees += fees
    if traded and not taker.is_liquidation:
        count_volume(account, traded, clock, state.config)
    return more, touches


def _meet_own(  # noqa: PLR0913, PLR0917
    state: State,
    market_id: int,
    market: Market,
    taker: Taker,
    account: Account,
    slot: int,
    order: Order,
    events: list[Event],
) -> None:
    """Keep an owner from trading with itself, as the incoming order's account wants it."""
    mode = SelfTrade.CANCEL_MAKER if taker.is_liquidation else account.flags & _SELF_TRADE
    if mode == SelfTrade.DECREMENT:
        offered = order.remaining + order.hidden
        met = min(taker.remaining, offered)
        taker.remaining -= met
        if met == offered:
            events.append(withdraw_order(state, market_id, market, slot, order, Removal.SELF_TRADE))
            return
        reduce_resting(state, market_id, market, slot, order, met)
        left = order.remaining + order.hidden
        events.append(OrderReduced(order.account, market_id, slot, order.sequence, order.nonce, left))
        return
    if mode != SelfTrade.CANCEL_TAKER:
        events.append(withdraw_order(state, market_id, market, slot, order, Removal.SELF_TRADE))
    taker.is_stopped = mode != SelfTrade.CANCEL_MAKER


def reduce_resting(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, market: Market, slot: int, order: Order, size: int
) -> None:
    """Take `size`, less than all of it, off a resting order, which keeps its place: what is hidden goes first."""
    release(state.accounts[order.account], market_id, market, order, size)
    from_hidden = min(size, order.hidden)
    order.hidden -= from_hidden
    order.remaining -= size - from_hidden
    state.dirty_accounts.add(order.account)
    state.dirty_orders.add((market_id << SLOT_BITS) + slot)


def _long(size: int) -> int:
    return size if size > 0 else 0
