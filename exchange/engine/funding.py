"""Funding: what longs pay shorts of a perpetual for trading above its index, hourly, through the market's pool.

The premium formulas are dYdX's and Derive's; rates in 1e-9, the index in 1e-12 USD a unit of size, multiplier included.
"""

from __future__ import annotations

from typing import Final

from exchange.engine.rounding import div_up
from exchange.state.account import Account, Position
from exchange.state.market import Market

RATE_ONE: Final = 10**9
INDEX_SCALE: Final = 10**14
"""size (1e-8) * index (1e-12 USD) over this is cash (1e-6 USD)."""

HOUR_SECONDS: Final = 3_600
CONVERGENCE_HOURS: Final = 8
"""An hour pays an eighth of the average premium."""

LEAST_SAMPLES: Final = 10
"""An hour with fewer samples has no premium."""

SAMPLE_SECONDS: Final = 300
"""A sample stands for the time since the one before it, but for no more than this."""

PREMIUM_LIMIT: Final = 10**6 * RATE_ONE
"""A sample counts as a million times the index at most: an hour of them fits the leaf, and every cap is far below."""

_INDEX_LIMIT: Final = 1 << 94


def premium(index: int, impact_bid: int | None, impact_ask: int | None) -> int:
    """How far the book is beyond the index, in 1e-9 of it; 0 between the impact prices, or without both of them."""
    if impact_bid is None or impact_ask is None:
        return 0
    return (max(0, impact_bid - index) - max(0, index - impact_ask)) * RATE_ONE // index


def hourly_rate(average_premium: int, interest: int, cap: int) -> int:
    """Rate of an hour: an eighth of the average premium and the interest, within plus and minus the cap."""
    return max(-cap, min(cap, average_premium // CONVERGENCE_HOURS + interest))


def cap_of_margins(initial: int, maintenance: int) -> int:
    """The cap for eight hours that margin fractions allow: six times their difference, in their unit (dYdX)."""
    return 6 * (initial - maintenance)


def index_change(rate: int, price: int, multiplier: int) -> int:
    """What an hour at a rate adds to the index, rounded down."""
    return price * multiplier * rate * 10**4 // RATE_ONE


def sample(market: Market, time: int, measured: int) -> None:
    """Weigh a premium by the time since the last sample."""
    measured = max(-PREMIUM_LIMIT, min(PREMIUM_LIMIT, measured))
    market.premium_sum += measured * min(SAMPLE_SECONDS, time - market.premium_time) if market.premium_time else 0
    market.premium_count += 1
    market.premium_time = time


def accrue(market: Market, time: int, price: int) -> int:
    """At the first sample of an hour, charge the last one's average; returns the rate.

    Hours without samples pay nothing, and the time that no sample stands for counts as no premium. An outage of many
    hours is charged once.
    """
    hour = time // HOUR_SECONDS
    if not market.funding_time:
        market.funding_time = hour * HOUR_SECONDS
    if hour * HOUR_SECONDS <= market.funding_time:
        return 0
    enough = market.premium_count >= LEAST_SAMPLES
    average = market.premium_sum // HOUR_SECONDS if enough else 0
    rate = hourly_rate(average, market.funding_interest * 1000 if enough else 0, market.funding_cap * 1000)
    changed = market.funding_index + index_change(rate, price, market.multiplier)
    market.funding_time = hour * HOUR_SECONDS
    market.premium_sum = market.premium_count = 0
    if abs(changed) >= _INDEX_LIMIT:
        return 0
    market.funding_index = changed
    return rate


def owed(position: Position, index: int) -> int:
    """Cash that a position owes (or, negative, is owed) up to an index, rounded up."""
    return div_up(position.size * (index - position.funding_index), INDEX_SCALE)


def settle(market: Market, account: Account, position: Position, index: int) -> None:
    """Pay or receive what is due into or out of the market's pool; before every change of a position's size."""
    due = owed(position, index)
    account.cash -= due
    market.funding_pool += due
    position.funding_index = index
