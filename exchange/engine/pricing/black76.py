"""Black-76: European options on a forward. Prices e18, deviations X96; docs/protocol/pricing.md.

The option out of the money is priced by Mills ratios, the other one by parity, so that call - put is exactly forward -
strike before discounting. Fischer Black, "The pricing of commodity contracts" (1976).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from exchange.engine.pricing.fixed_point import E18, X96, ln, sqrt
from exchange.engine.pricing.normal import TAIL, cdf, density, mills

YEAR_SECONDS: Final = 31_536_000

PRICE_LIMIT_E18: Final = 1 << 127
"""Forwards and strikes are below this (1.7e20 USD)."""

DEVIATION_LIMIT: Final = 1 << 128
"""Total deviations are below this."""


class Premiums(NamedTuple):
    """A call and a put at one strike, e18."""

    call: int
    put: int


class Greeks(NamedTuple):
    """Sensitivities of options of one strike, e18.

    Deltas to the forward; `gamma` of delta, per USD of the forward; `vega` per 1.00 of volatility; `theta` the value
    that a year at this pace would take.
    """

    call_delta: int
    put_delta: int
    gamma: int
    vega: int
    theta: int


def deviation(volatility: int, seconds: int) -> int:
    """Root of the total variance, X96, of a yearly volatility e18 (below 2^100), rounded down."""
    return volatility * sqrt((seconds << 96) // YEAR_SECONDS) // E18


def black76(forward: int, strike: int, total_deviation: int, discount: int = E18) -> Premiums:
    """Premiums of a call and a put, rounded down; error below 3e-24 of the lower of forward and strike, plus 2e-18.

    Forward, strike (0 .. PRICE_LIMIT_E18) and discount (0 .. 1e18) e18, deviation X96. Without forward, strike or
    deviation an option is worth its intrinsic value.
    """
    if forward <= strike:
        call = _out_of_the_money(forward, strike, total_deviation)
        put = call + strike - forward
    else:
        put = _out_of_the_money(strike, forward, total_deviation)
        call = put + forward - strike
    if discount == E18:
        return Premiums(call, put)
    return Premiums(call * discount // E18, put * discount // E18)


def greeks(forward: int, strike: int, total_deviation: int, seconds: int, discount: int = E18) -> Greeks:
    """Sensitivities at `seconds` to expiry. Without forward, strike, deviation or time only deltas are not zero."""
    if forward <= 0 or strike <= 0 or total_deviation <= 0 or seconds <= 0:
        call = discount if forward > strike else 0
        return Greeks(call, call - discount, 0, 0, 0)
    moneyness = ln((forward << 96) // strike) if forward >= strike else -ln((strike << 96) // forward)
    d1 = (moneyness << 96) // total_deviation + (total_deviation >> 1)
    call = cdf(d1) * discount >> 96
    if not -TAIL <= d1 <= TAIL:
        return Greeks(call, call - discount, 0, 0, 0)
    weight = (forward * density(d1) >> 96) * discount // E18
    vega = weight * sqrt((seconds << 96) // YEAR_SECONDS) >> 96
    gamma = (weight << 96) // total_deviation * E18 // forward * E18 // forward
    theta = (weight * total_deviation >> 97) * YEAR_SECONDS // seconds
    return Greeks(call, call - discount, gamma, vega, theta)


def _out_of_the_money(low: int, high: int, total_deviation: int) -> int:
    """The call on `low` struck at `high`, which is also the put on `high` struck at `low`; low <= high.

    With d = ln(high/low)/s - s/2 and e = d + s it is low * (cdf(-d)) - high * (cdf(-e)); as low * density(d) is
    high * density(e), one density serves both.
    """
    if low <= 0 or total_deviation <= 0:
        return 0
    centre = (ln((high << 96) // low) << 96) // total_deviation
    half = total_deviation >> 1
    near = centre - half
    far = centre + half
    if near >= TAIL:
        return 0
    if near <= -TAIL:
        return low
    beyond = mills(far) if far < TAIL else 0
    if near >= 0:
        # Errors of two nearby ratios could leave a negative difference.
        chance = max(0, density(near) * (mills(near) - beyond) >> 96)
    else:
        chance = min(X96, max(0, X96 - (density(near) * (mills(-near) + beyond) >> 96)))
    return low * chance >> 96
