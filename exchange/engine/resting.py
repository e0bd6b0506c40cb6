"""What open orders could lose at their limits, beyond what the average of their side shows."""

from __future__ import annotations

from collections.abc import Mapping

from exchange.engine.rounding import div_up
from exchange.state.account import Position
from exchange.state.limits import CASH_SCALE
from exchange.state.market import Market, RegisterKind
from exchange.state.order import Side
from exchange.state.pricing import Pricing
from exchange.state.state import State

SIDES = (Side.BID, Side.ASK)


def limit_loss(market: Market, pricing: Pricing, side: int, price: int, size: int) -> int:
    """What a fill of `size` at `price` loses against the mark, in 1e-16 USD, not below 0."""
    behind = pricing.mark - price if side else price - pricing.mark
    return max(0, behind * size * market.multiplier)


def average_loss(position: Position, side: int, value: int) -> int:
    """What margin counts of that for a whole open side, in 1e-16 USD; `value` is mark times multiplier."""
    if side:
        return max(0, position.ask_quantity * value - position.ask_notional * CASH_SCALE)
    return max(0, position.bid_notional * CASH_SCALE - position.bid_quantity * value)


def side_loss(state: State, market_id: int, account_id: int, position: Position, side: int) -> int:
    """The most that fills of one open side could lose against the mark, in 1e-16 USD.

    No order rests ahead of the best one, so its price bounds them all. Of a given notional only so much quantity fits
    at that price, if it is a bid's.
    """
    quantity = position.ask_quantity if side else position.bid_quantity
    pricing = state.pricing[market_id]
    if not quantity or pricing is None:
        return 0
    market = state.markets[market_id]
    reference = market.best_ask if side else market.best_bid
    ahead = [state.orders[market_id][reference - 1].price] if reference else []
    if market.register == RegisterKind.ORDER and (market.register_account, market.register_side) == (account_id, side):
        ahead.append(market.register_price)
    most = 0
    if ahead:
        price = min(ahead) if side else max(ahead)
        most = limit_loss(market, pricing, side, price, quantity)
        if most and not side:
            most = min(most, div_up(position.bid_notional * CASH_SCALE * (price - pricing.mark), price))
    return max(most, average_loss(position, side, pricing.value))


def hidden_loss(state: State, account_id: int, positions: Mapping[int, Position]) -> int:
    """Cash that the open sides of all records could lose beyond their averages, rounded up."""
    hidden = 0
    for market_id, position in positions.items():
        pricing = state.pricing[market_id]
        if pricing is not None:
            for side in SIDES:
                hidden += side_loss(state, market_id, account_id, position, side)
                hidden -= average_loss(position, side, pricing.value)
    return div_up(hidden, CASH_SCALE)
