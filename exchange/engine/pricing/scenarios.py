"""Risk arrays: what a market's long gains in each of sixteen moves of price and volatility (SPAN).

Prices, deltas and entries in 1e-8, ranges in 1e-6; every entry is rounded down, which is against the long.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from exchange.engine.pricing.black76 import black76, greeks
from exchange.engine.pricing.fixed_point import sqrt

ONE: Final = 10**6
E10: Final = 10**10
DAY_SECONDS: Final = 86_400

SCENARIOS: Final = (
    *(((0, 1), 1), ((0, 1), -1)),
    *(((1, 3), 1), ((1, 3), -1)),
    *(((-1, 3), 1), ((-1, 3), -1)),
    *(((2, 3), 1), ((2, 3), -1)),
    *(((-2, 3), 1), ((-2, 3), -1)),
    *(((1, 1), 1), ((1, 1), -1)),
    *(((-1, 1), 1), ((-1, 1), -1)),
    *(((2, 1), 0), ((-2, 1), 0)),
)
"""Price move in scan ranges, as a fraction, and sign of the volatility shock; the last two count `EXTREME_SHARE`."""

EXTREME_SHARE: Final = (35, 100)
LINEAR_MOVES: Final = (*(move for move, _ in SCENARIOS[:14]), (7, 10), (-7, 10))
"""The same for what has no volatility: two ranges at 35 % are seven tenths of one."""

SHOCK_TENOR_SECONDS: Final = 30 * DAY_SECONDS
"""Tenor for which the volatility range is stated."""

SHORTEST_TENOR_SECONDS: Final = DAY_SECONDS
LOWEST_VOLATILITY: Final = ONE // 10
"""A downward shock leaves at least this part of the volatility."""


class OptionTerms(NamedTuple):
    """Everything that an option's quote depends on.

    Forward and strike in 1e-8 USD, `deviation` (volatility times root of time) X96, ranges in 1e-6.
    """

    forward: int
    strike: int
    is_call: bool
    deviation: int
    seconds: int
    scan_range: int
    volatility_range: int
    multiplier: int


class Quote(NamedTuple):
    """Price in 1e-8 USD; delta, vega (per 1.00 of volatility) and array of a long of 1e8, multiplier included."""

    price: int
    delta: int
    vega: int
    scan: tuple[int, ...]


def volatility_shock(volatility_range: int, seconds: int) -> int:
    """Relative shock at a tenor, in 1e-6: the range by the fourth root of 30 days over the tenor, one day at least."""
    tenor = max(seconds, SHORTEST_TENOR_SECONDS)
    return volatility_range * sqrt(sqrt((SHOCK_TENOR_SECONDS << 96) // tenor)) >> 96


def linear_quote(price: int, scan_range: int, multiplier: int) -> Quote:
    """Quote of a perpetual or a future at a price."""
    move = price * scan_range * multiplier
    scan = tuple(move * numerator // (ONE * denominator) for numerator, denominator in LINEAR_MOVES)
    return Quote(price, 10**8 * multiplier, 0, scan)


def option_quote(terms: OptionTerms) -> Quote:
    """Quote of a European option: its price, and what it gains in each scenario, all by Black-76."""
    forward, strike = terms.forward * E10, terms.strike * E10
    side = 0 if terms.is_call else 1
    shock = volatility_shock(terms.volatility_range, terms.seconds)
    deviations = (
        terms.deviation,
        terms.deviation * (ONE + shock) // ONE,
        terms.deviation * max(ONE - shock, LOWEST_VOLATILITY) // ONE,
    )
    now = black76(forward, strike, terms.deviation)[side]
    scan = []
    for (numerator, denominator), volatility_move in SCENARIOS:
        moved = forward * max(0, ONE * denominator + numerator * terms.scan_range) // (ONE * denominator)
        gain = (black76(moved, strike, deviations[volatility_move])[side] - now) * terms.multiplier
        if not volatility_move:
            gain = gain * EXTREME_SHARE[0] // EXTREME_SHARE[1]
        scan.append(gain // E10)
    sensitivity = greeks(forward, strike, terms.deviation, terms.seconds)
    delta = sensitivity[side] * terms.multiplier // E10
    return Quote(now // E10, delta, sensitivity.vega * terms.multiplier // E10, tuple(scan))


def expired_quote(payoff: int) -> Quote:
    """Quote of what can no longer change."""
    return Quote(payoff, 0, 0, (0,) * len(SCENARIOS))
