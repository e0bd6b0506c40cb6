"""Rounds: margin reads a new price of an underlying when all its markets are marked by it, and not before."""

from __future__ import annotations

from typing import Final

from exchange.engine.events import RoundFlipped
from exchange.state.state import State
from exchange.state.underlying import Underlying

SLOW_SECONDS: Final = 3_600
"""Time constant of the slow price."""


def flip(state: State, underlying_id: int, underlying: Underlying) -> RoundFlipped:
    """Make the last report the active round."""
    elapsed = min(underlying.time - underlying.round_time, SLOW_SECONDS)
    if underlying.slow_price:
        underlying.slow_price += (underlying.price - underlying.slow_price) * elapsed // SLOW_SECONDS
    else:
        underlying.slow_price = underlying.price
    underlying.priced_count = 0
    underlying.round += 1
    underlying.round_price = underlying.price
    underlying.round_time = underlying.time
    state.dirty_underlyings.add(underlying_id)
    state.refresh_pricing(underlying_id)
    return RoundFlipped(underlying_id, underlying.round, underlying.price, underlying.time)


def is_complete(underlying: Underlying) -> bool:
    """Whether every market is marked by a report that no round has been made of yet."""
    return underlying.time != underlying.round_time and underlying.priced_count >= underlying.market_count


def may_liquidate(state: State, underlying_id: int) -> bool:
    """Whether the round is fresh and the grace period after the last outage is over."""
    underlying = state.underlyings[underlying_id]
    clock = state.header.clock
    return clock <= underlying.round_time + underlying.staleness and clock >= underlying.resumed_at + underlying.grace
