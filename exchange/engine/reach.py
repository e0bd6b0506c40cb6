"""What an order would meet, looked at without changing anything."""

from __future__ import annotations

from msgspec import Struct

from exchange.engine.book import is_dead, reducible
from exchange.engine.matching import Taker, crosses
from exchange.state.account import MAIN_MASK, AccountFlag, SelfTrade
from exchange.state.limits import MAKERS_PER_STEP
from exchange.state.order import Order, OrderFlag
from exchange.state.state import State


class Reach(Struct, frozen=True, gc=False):
    """What the orders that a taker would touch in one step offer.

    `available` is what it is sure to be filled; `best_live` the price of the first live order, own or not (0: none);
    `beyond` that the book still crosses after them.
    """

    available: int
    best_live: int
    beyond: bool


def reach(state: State, market_id: int, taker: Taker, touches: int = MAKERS_PER_STEP) -> Reach:
    """Look at the first orders a taker would meet.

    `available` counts nothing that could turn out smaller: of an account's orders only the first, where one that
    reduces only or market-maker protection is among them; of an iceberg what it shows, and nothing behind it; nothing
    from an own order on that would take from the taker.
    """
    market = state.markets[market_id]
    slots = state.orders[market_id]
    available = best_live = 0
    counting = True
    seen: set[int] = set()
    reference = market.best_bid if taker.side else market.best_ask
    for left in range(touches, 0, -1):
        if not reference:
            break
        order = slots[reference - 1]
        if not crosses(taker.side, taker.price, order.price):
            break
        reference = order.next
        if is_dead(state, market, order):
            continue
        best_live = best_live or order.price
        if not counting:
            continue
        if order.account & MAIN_MASK == taker.account_id & MAIN_MASK:
            mode = state.accounts[taker.account_id].flags & int(AccountFlag.SELF_TRADE)
            counting = mode == SelfTrade.CANCEL_MAKER
            continue
        if order.hidden:
            counting = False
            if left < 2:
                continue
        available += _sure_size(state, market_id, order, seen)
        seen.add(order.account)
    beyond = reference != 0 and crosses(taker.side, taker.price, slots[reference - 1].price)
    return Reach(available, best_live, beyond)


def _sure_size(state: State, market_id: int, order: Order, seen: set[int]) -> int:
    account = state.accounts[order.account]
    if order.account in seen and (account.protection is not None or order.flags & OrderFlag.REDUCE_ONLY):
        return 0
    if order.flags & OrderFlag.REDUCE_ONLY:
        return max(0, min(order.remaining, reducible(account, market_id, order.side)))
    return order.remaining
