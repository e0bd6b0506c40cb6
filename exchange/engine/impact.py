"""What the book says a perpetual is worth: the average price of a trade of some size on either side."""

from __future__ import annotations

from typing import Final

from exchange.engine.book import is_dead
from exchange.engine.rounding import div_down, div_up
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, MAKERS_PER_STEP
from exchange.state.market import Market
from exchange.state.order import OrderFlag, Side
from exchange.state.state import State

IMPACT_MARGIN: Final = 500 * 10**6
"""A sample must fill what 500 USD of initial margin hold (dYdX's rule: 500 / IMF of notional), in 1e-6 USD."""


def impact_notional(market: Market) -> int:
    """Cash (1e-6 USD) that a sample has to trade on each side."""
    return IMPACT_MARGIN * FACTOR_ONE // market.scan_range


def impact_price(state: State, market_id: int, side: int) -> int | None:
    """Average price at which that cash trades with the orders of a side, best eight at most, None if they lack depth.

    Rounded away from the middle: bids down, asks up. Dead orders count among the eight and offer nothing, and neither
    do reduce-only ones, which may find nothing to reduce.
    """
    market = state.markets[market_id]
    slots = state.orders[market_id]
    reference = market.best_ask if side else market.best_bid
    wanted = impact_notional(market)
    cash = size = 0
    for _ in range(MAKERS_PER_STEP):
        if not reference:
            return None
        order = slots[reference - 1]
        reference = order.next
        if order.flags & OrderFlag.REDUCE_ONLY or is_dead(state, market, order):
            continue
        value = order.price * order.remaining * market.multiplier // CASH_SCALE
        if cash + value >= wanted:
            # The cash wanted over the whole sizes before and the part of this one that is left to trade.
            dividend = wanted * CASH_SCALE * order.price
            divisor = size * order.price * market.multiplier + (wanted - cash) * CASH_SCALE
            return div_up(dividend, divisor) if side == Side.ASK else div_down(dividend, divisor)
        cash += value
        size += order.remaining
    return None
