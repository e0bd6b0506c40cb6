"""The SVI smile of one expiry: total variance over log-moneyness, and what keeps it free of arbitrage.

Raw parametrisation w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)) with k = ln(strike / forward); Gatheral and
Jacquier, "Arbitrage-free SVI volatility surfaces" (2014). Parameters e18, everything else X96.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from exchange.engine.pricing.fixed_point import E18, X96, ln, sqrt

VARIANCE_CAP: Final = 144 * X96
"""Total variance is cut off here."""

MONEYNESS_LIMIT: Final = 4
"""Beyond this many deviations at the money on either side the smile is flat."""

PARAMETER_LIMIT: Final = 16 * E18
"""a, b, |m| and sigma are below this."""

DENSITY_MARGIN: Final = X96 >> 8
"""g is at least this at every point of the check, so that it does not dip below zero between them."""

SIGMA_RATIO_BITS: Final = 16
"""sigma is at least the flat smile's reach over two to this power, which bounds the points of the check."""


_SQRT_2: Final = 0x16A09E667F3BCC908B2FB1367


class Smile(NamedTuple):
    """Parameters of a slice, e18; variance is for the whole time from when it was set to the expiry."""

    a: int
    b: int
    rho: int
    m: int
    sigma: int


class SmileFlaw(StrEnum):
    """Why a smile is refused."""

    PARAMETERS = "a parameter is outside its range"
    WINGS = "a wing is steeper than 2"
    VARIANCE = "total variance is not positive everywhere"
    BUTTERFLY = "a butterfly would have a negative price"
    CALENDAR = "a calendar spread against a neighbouring expiry would have a negative price"


def total_variance(smile: Smile, k: int) -> int:
    """Total variance at log-moneyness k (|k| below 2^103), not clipped; rounded down at each operation."""
    offset = k - (smile.m << 96) // E18
    spread = (smile.sigma << 96) // E18
    root = sqrt(offset * offset + spread * spread >> 96)
    return (smile.a << 96) // E18 + smile.b * (smile.rho * offset // E18 + root) // E18


def reach(smile: Smile) -> int:
    """Log-moneyness beyond which the smile is flat: four deviations at the vertex."""
    return MONEYNESS_LIMIT * sqrt(((smile.a << 96) + (smile.b * smile.sigma << 96) // E18) // E18)


def moneyness(forward: int, strike: int) -> int:
    """ln(strike / forward) of two positive prices e18."""
    if strike >= forward:
        return ln((strike << 96) // forward)
    return -ln((forward << 96) // strike)


def clipped_variance(smile: Smile, k: int) -> int:
    """Total variance as it prices options: flat beyond the reach, and capped."""
    limit = reach(smile)
    return min(VARIANCE_CAP, total_variance(smile, max(-limit, min(limit, k))))


def volatility(smile: Smile, forward: int, strike: int, years: int) -> int:
    """Yearly volatility e18 at a strike, `years` (e18, at least 1e-8) being the time that the variance is for."""
    variance = (clipped_variance(smile, moneyness(forward, strike)) << 96) // ((years << 96) // E18)
    return sqrt(variance) * E18 >> 96


def flaw_of(smile: Smile) -> SmileFlaw | None:
    """What makes the slice open to arbitrage by itself, or None.

    The wings are bounded for all strikes (Roger Lee); the butterfly density is checked at the vertex and at points that
    leave it by factors of the square root of two, from an eighth of sigma to far beyond the reach, and keeps a margin.
    """
    a, b, rho, m, sigma = smile
    limit = PARAMETER_LIMIT
    if not (-limit < a < limit and 0 <= b < limit and -E18 < rho < E18 and -limit < m < limit and 0 < sigma < limit):
        return SmileFlaw.PARAMETERS
    if b * (E18 + abs(rho)) > 2 * E18 * E18:
        return SmileFlaw.WINGS
    lowest = (smile.a << 96) // E18 + b * sigma // E18 * sqrt(X96 - (rho * rho // E18 << 96) // E18) // E18
    if lowest <= 0:
        return SmileFlaw.VARIANCE
    if reach(smile) + (abs(m) << 96) // E18 >= (sigma << 96 + SIGMA_RATIO_BITS) // E18:
        return SmileFlaw.PARAMETERS
    if any(density_factor(smile, k) < DENSITY_MARGIN for k in grid(smile)):
        return SmileFlaw.BUTTERFLY
    return None


def grid(smile: Smile) -> Iterator[int]:
    """Log-moneyness of the points at which a slice is checked, from its vertex to eight times beyond its reach."""
    centre = (smile.m << 96) // E18
    yield centre
    step = (smile.sigma << 93) // E18
    furthest = (reach(smile) + abs(centre)) << 3
    while step <= furthest:
        for distance in (step, step * _SQRT_2 >> 96):
            yield centre - distance
            yield centre + distance
        step <<= 1


def density_factor(smile: Smile, k: int) -> int:
    """Gatheral's g(k), X96: the risk-neutral density is g times a positive factor.

    g = (1 - k w'/(2 w))^2 - w'^2/4 (1/w + 1/4) + w''/2.
    """
    w = total_variance(smile, k)
    if w <= 0:
        return -X96
    offset = k - (smile.m << 96) // E18
    spread = (smile.sigma << 96) // E18
    root = sqrt(offset * offset + spread * spread >> 96)
    slope = smile.b * ((smile.rho << 96) // E18 + (offset << 96) // root) // E18
    ratio = (spread << 96) // root
    curvature = smile.b * (((ratio * ratio >> 96) << 96) // root) // E18
    drift = X96 - (k * slope >> 97 << 96) // w
    square = slope * slope >> 98
    return (drift * drift >> 96) - (square << 96) // w - (square >> 2) + (curvature >> 1)


def calendar_holds(near: Smile, far: Smile, near_scale: tuple[int, int], far_scale: tuple[int, int]) -> bool:
    """Whether the far slice has at least the near slice's variance at every point at which either is checked.

    A scale is (seconds left, seconds that the slice was set for): variance wears off evenly with time.
    """
    for points in (grid(near), grid(far)):
        for k in points:
            nearer = clipped_variance(near, k) * near_scale[0] // near_scale[1]
            farther = clipped_variance(far, k) * far_scale[0] // far_scale[1]
            if farther < nearer:
                return False
    return True
