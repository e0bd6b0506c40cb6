"""Linking orders into and out of a market's book. The lists in the leaves are authoritative; the index follows."""

from __future__ import annotations

from exchange.engine.events import OrderRemoved, Removal
from exchange.state.limits import CASH_SCALE, SLOTS_PER_MARKET
from exchange.state.market import Market
from exchange.state.order import SLOT_BITS, Order
from exchange.state.state import State


def has_free_slot(market: Market) -> bool:
    """Whether another order can rest."""
    return market.free_head != 0 or market.slot_count < SLOTS_PER_MARKET


def insert(state: State, market_id: int, market: Market, order: Order) -> int:
    """Put an order behind those at least as good and return its slot; fills in its sequence and links.

    The caller has made sure of a free slot.
    """
    slots = state.orders[market_id]
    base = market_id << SLOT_BITS
    dirty = state.dirty_orders
    market.order_sequence += 1
    order.sequence = market.order_sequence
    reference = market.free_head
    if reference:
        slot = reference - 1
        market.free_head = slots[slot].next
        slots[slot] = order
    else:
        slot = market.slot_count
        market.slot_count = reference = slot + 1
        slots.append(order)
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
    dirty.add(base + slot)
    return slot


def unlink(state: State, market_id: int, market: Market, slot: int, order: Order) -> None:
    """Take an order out of its list and free its slot."""
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
    order.free(market.free_head)
    market.free_head = slot + 1
    dirty.add(base + slot)


def is_dead(state: State, order: Order) -> bool:
    """Whether a step that touches the order removes it: cancelled by epoch, or expired."""
    return order.epoch < state.accounts[order.account].order_epoch or order.expiry <= state.header.clock


def withdraw_order(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, market: Market, slot: int, order: Order, cause: Removal
) -> OrderRemoved:
    """Remove a live or dead order and give back what it reserved.

    An order that a raised epoch killed reserves nothing any more: raising it zeroed the account's open quantities.
    """
    account = state.accounts[order.account]
    if order.epoch == account.order_epoch:
        position = account.positions[market_id]
        cash = order.price * order.remaining * market.multiplier // CASH_SCALE
        if order.side:
            position.ask_quantity -= order.remaining
            position.ask_notional -= cash
        else:
            position.bid_quantity -= order.remaining
            position.bid_notional -= cash
        if position.is_empty():
            del account.positions[market_id]
        state.dirty_accounts.add(order.account)
    else:
        cause = Removal.DEAD_EPOCH
    event = OrderRemoved(order.account, market_id, slot, order.sequence, order.nonce, order.remaining, cause)
    unlink(state, market_id, market, slot, order)
    return event
