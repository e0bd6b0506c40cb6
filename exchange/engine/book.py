"""Linking orders into and out of a market's book. The lists in the leaves are authoritative; the index follows."""

from __future__ import annotations

from exchange.engine.events import OrderRefreshed, OrderRemoved, Removal
from exchange.state.account import Account
from exchange.state.limits import CASH_SCALE, SLOTS_PER_MARKET
from exchange.state.market import Market, MarketStatus
from exchange.state.order import SLOT_BITS, Order, OrderFlag
from exchange.state.state import State


def has_free_slot(market: Market) -> bool:
    """Whether another order can rest."""
    return market.free_head != 0 or market.slot_count < SLOTS_PER_MARKET


def insert(state: State, market_id: int, market: Market, order: Order) -> int:
    """Put an order behind those at least as good and return its slot; fills in its sequence, priority and links.

    The caller has made sure of a free slot.
    """
    slot = _take_slot(state, market_id, market, order)
    _link(state, market_id, market, slot, order)
    return slot


def unlink(state: State, market_id: int, market: Market, slot: int, order: Order) -> None:
    """Take an order out of its list and free its slot."""
    if order.trigger:
        _cut_trigger(state, market_id, market, slot, order)
    else:
        _cut(state, market_id, market, slot, order)
    order.free(market.free_head)
    market.free_head = slot + 1


def refresh(state: State, market_id: int, market: Market, slot: int, order: Order) -> OrderRefreshed:
    """Show an iceberg's next part, behind all others at its price."""
    _cut(state, market_id, market, slot, order)
    shown = min(order.display, order.hidden)
    order.remaining = shown
    order.hidden -= shown
    market.order_sequence += 1
    order.priority = market.order_sequence
    _link(state, market_id, market, slot, order)
    return OrderRefreshed(order.account, market_id, slot, order.sequence, shown)


def insert_trigger(state: State, market_id: int, market: Market, order: Order) -> int:
    """Put an order into the trigger list that its flags name, behind those that fire no later; returns its slot."""
    slot = _take_slot(state, market_id, market, order)
    slots = state.orders[market_id]
    base = market_id << SLOT_BITS
    above = 1 if order.flags & OrderFlag.TRIGGER_ABOVE else 0
    waiting = state.books[market_id].triggers[above]
    reference = slot + 1
    previous = waiting.neighbour(order.trigger)
    if previous:
        before = slots[previous - 1]
        following = before.next
        before.next = reference
        state.dirty_orders.add(base + previous - 1)
    elif above:
        following, market.trigger_above = market.trigger_above, reference
    else:
        following, market.trigger_below = market.trigger_below, reference
    if following:
        slots[following - 1].previous = reference
        state.dirty_orders.add(base + following - 1)
    order.previous, order.next = previous, following
    waiting.append(order.trigger, reference)
    return slot


def _take_slot(state: State, market_id: int, market: Market, order: Order) -> int:
    slots = state.orders[market_id]
    market.order_sequence += 1
    order.sequence = order.priority = market.order_sequence
    reference = market.free_head
    if reference:
        slot = reference - 1
        market.free_head = slots[slot].next
        slots[slot] = order
    else:
        slot = market.slot_count
        market.slot_count = slot + 1
        slots.append(order)
    state.dirty_orders.add((market_id << SLOT_BITS) + slot)
    return slot


def _link(state: State, market_id: int, market: Market, slot: int, order: Order) -> None:
    slots = state.orders[market_id]
    base = market_id << SLOT_BITS
    dirty = state.dirty_orders
    reference = slot + 1
    is_ask = order.side
    side = state.books[market_id].sides[is_ask]
    previous = side.neighbour(order.price)
    if previous:
        before = slots[previous - 1]
        following = before.next
        before.next = reference
        dirty.add(base + previous - 1)
    elif is_ask:
        following = market.best_ask
        market.best_ask = reference
    else:
        following = market.best_bid
        market.best_bid = reference
    if following:
        slots[following - 1].previous = reference
        dirty.add(base + following - 1)
    order.previous = previous
    order.next = following
    side.append(order.price, reference)


def _cut(state: State, market_id: int, market: Market, slot: int, order: Order) -> None:
    slots = state.orders[market_id]
    base = market_id << SLOT_BITS
    dirty = state.dirty_orders
    previous = order.previous
    following = order.next
    previous_price = 0
    if previous:
        before = slots[previous - 1]
        before.next = following
        previous_price = before.price
        dirty.add(base + previous - 1)
    elif order.side:
        market.best_ask = following
    else:
        market.best_bid = following
    if following:
        slots[following - 1].previous = previous
        dirty.add(base + following - 1)
    state.books[market_id].sides[order.side].remove(order.price, slot + 1, previous, previous_price)
    dirty.add(base + slot)


def _cut_trigger(state: State, market_id: int, market: Market, slot: int, order: Order) -> None:
    slots = state.orders[market_id]
    base = market_id << SLOT_BITS
    above = 1 if order.flags & OrderFlag.TRIGGER_ABOVE else 0
    previous, following = order.previous, order.next
    previous_trigger = 0
    if previous:
        before = slots[previous - 1]
        before.next = following
        previous_trigger = before.trigger
        state.dirty_orders.add(base + previous - 1)
    elif above:
        market.trigger_above = following
    else:
        market.trigger_below = following
    if following:
        slots[following - 1].previous = previous
        state.dirty_orders.add(base + following - 1)
    state.books[market_id].triggers[above].remove(order.trigger, slot + 1, previous, previous_trigger)
    state.dirty_orders.add(base + slot)


def is_dead(state: State, market: Market, order: Order) -> bool:
    """Whether a step that touches the order removes it.

    Cancelled by epoch or by schedule, expired, without a position left to reduce, or in a market that is over.
    """
    account = state.accounts[order.account]
    clock = state.header.clock
    return (
        order.epoch < account.order_epoch
        or order.expiry <= clock
        or 0 < account.cancel_all_at <= clock
        or market.status >= MarketStatus.EXPIRED
    )


def reducible(account: Account, market_id: int, side: int) -> int:
    """How much an order of `side` could reduce the account's position; not above 0 if nothing."""
    position = account.positions.get(market_id)
    if position is None:
        return 0
    return position.size if side else -position.size


def withdraw_order(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, market: Market, slot: int, order: Order, cause: Removal
) -> OrderRemoved:
    """Remove a live or dead order and give back what it reserved.

    An order that a raised epoch killed reserves nothing any more: raising it zeroed the account's open quantities.
    """
    account = state.accounts[order.account]
    left = order.remaining + order.hidden
    if order.epoch != account.order_epoch:
        cause = Removal.DEAD_EPOCH
    elif order.trigger:
        account.trigger_count -= 1
        state.dirty_accounts.add(order.account)
    else:
        release(account, market_id, market, order, left)
        state.dirty_accounts.add(order.account)
    event = OrderRemoved(order.account, market_id, slot, order.sequence, order.nonce, left, cause)
    unlink(state, market_id, market, slot, order)
    return event


def release(account: Account, market_id: int, market: Market, order: Order, size: int) -> None:
    """Give back what `size` of a resting order reserved; its record goes if that leaves it empty."""
    position = account.positions[market_id]
    cash = order.price * size * market.multiplier // CASH_SCALE
    reduces = order.flags & OrderFlag.REDUCE_ONLY
    if order.side:
        position.ask_quantity -= size
        position.ask_notional -= cash
        position.reduce_ask -= size if reduces else 0
    else:
        position.bid_quantity -= size
        position.bid_notional -= cash
        position.reduce_bid -= size if reduces else 0
    if position.is_empty():
        del account.positions[market_id]
