"""Textbook prices of options on futures, and the ends of the formulas: no time, no volatility, far strikes."""

from __future__ import annotations

from decimal import Decimal
from math import erf, exp, hypot, log, sqrt

import pytest

from exchange.engine import funding
from exchange.engine.pricing import (
    E18,
    X96,
    YEAR_SECONDS,
    Smile,
    SmileFlaw,
    black76,
    deviation,
    flaw_of,
    greeks,
    volatility,
)
from exchange.engine.pricing.black76 import PRICE_LIMIT_E18
from exchange.state.account import Position

UNIT = 10**8
RATE = 10**9
TOLERANCE = 1e-12


def e18(value: float | str) -> int:
    return int(Decimal(str(value)) * E18)


@pytest.mark.parametrize(
    ("forward", "strike", "years", "rate", "sigma", "call", "put", "digits"),
    [
        # E. G. Haug, "The Complete Guide to Option Pricing Formulas", Black-76: 9 months, 10 %, 28 %.
        (19, 19, 0.75, 0.10, 0.28, 1.7011, 1.7011, 4),
        # J. Hull, "Options, Futures, and Other Derivatives", futures options: crude oil, 4 months, 9 %, 25 %.
        (20, 20, 4 / 12, 0.09, 0.25, 1.12, 1.12, 2),
    ],
)
def test_textbook_prices(
    forward: float, strike: float, years: float, rate: float, sigma: float, call: float, put: float, digits: int
) -> None:
    total = deviation(e18(sigma), round(years * YEAR_SECONDS))
    ours = black76(e18(forward), e18(strike), total, e18(exp(-rate * years)))
    assert [round(value / E18, digits) for value in ours] == [call, put]


def normal(x: float) -> float:
    return (1 + erf(x / sqrt(2))) / 2


@pytest.mark.parametrize("sigma", [0.000_001, 0.01, 0.5, 3, 12, 50, 1_000])
@pytest.mark.parametrize("seconds", [1, 60, 86_400, YEAR_SECONDS, 30 * YEAR_SECONDS])
def test_at_the_money_at_any_volatility_and_tenor(sigma: float, seconds: int) -> None:
    """F * (2 N(s/2) - 1), which tends to nothing and to all of the forward."""
    call, put = black76(E18, E18, deviation(e18(sigma), seconds))
    total = sigma * sqrt(seconds / YEAR_SECONDS)
    assert call == put
    assert call / E18 == pytest.approx(2 * normal(total / 2) - 1, abs=TOLERANCE)


@pytest.mark.parametrize("ratio", [10**-17, 10**-6, 0.01, 0.5, 2, 100, 10**6])
@pytest.mark.parametrize(("sigma", "seconds"), [(0.5, 0), (0, YEAR_SECONDS), (0.01, 1)])
def test_without_time_or_volatility_an_option_is_worth_its_intrinsic_value(
    ratio: float, sigma: float, seconds: int
) -> None:
    strike = max(1, round(1_000 * ratio * E18))
    total = deviation(e18(sigma), seconds)
    assert black76(1_000 * E18, strike, total) == (max(0, 1_000 * E18 - strike), max(0, strike - 1_000 * E18))
    call_delta = greeks(1_000 * E18, strike, total, seconds).call_delta
    assert call_delta == (E18 if strike < 1_000 * E18 else 0)


@pytest.mark.parametrize("sigma", [100, 1_000, 10_000])
def test_with_endless_volatility_a_call_is_the_forward_and_a_put_the_strike(sigma: int) -> None:
    for forward, strike in ((1_000, 1), (1, 1_000), (1_000, 1_000)):
        assert black76(forward * E18, strike * E18, deviation(sigma * E18, YEAR_SECONDS)) == (
            forward * E18,
            strike * E18,
        )


@pytest.mark.parametrize(("forward", "strike"), [(0, 0), (0, 5), (5, 0), (PRICE_LIMIT_E18, 1), (1, PRICE_LIMIT_E18)])
def test_without_forward_or_strike(forward: int, strike: int) -> None:
    for total in (0, X96 // 100, X96, 40 * X96):
        call, put = black76(forward, strike, total)
        assert call - put == forward - strike
        assert 0 <= call <= forward
        assert 0 <= put <= strike
        assert min(forward, strike) or (call, put) == (forward, strike)


@pytest.mark.parametrize("standard", [-11, -8, -5, 5, 8, 11])
def test_far_strikes_keep_their_last_digits(standard: float) -> None:
    """The price of what is far out of the money, relative to itself, against the asymptotic series of the tail."""
    total = 0.2
    forward, strike = 1_000.0, 1_000.0 * exp(standard * total)
    near = abs(standard) - total / 2
    far = near + total
    terms = []
    for x, weight in ((near, min(forward, strike)), (far, max(forward, strike))):
        series = 1 - x**-2 + 3 * x**-4 - 15 * x**-6 + 105 * x**-8 - 945 * x**-10
        terms.append(weight * exp(-x * x / 2) / sqrt(8 * 3.141592653589793 / 4) / x * series)
    ours = min(black76(e18(forward), e18(repr(strike)), round(total * X96)))
    assert ours / E18 == pytest.approx(terms[0] - terms[1], rel=0.02, abs=5e-18)


def test_a_smile_at_its_bounds_is_taken_and_beyond_them_refused() -> None:
    """Lee's bound: b (1 + |rho|) is at most 2; the vertex a + b sigma sqrt(1 - rho^2) is above 0."""
    steep = Smile(e18("0.5"), e18("1.0"), 0, 0, e18("1"))
    assert flaw_of(steep) is None
    assert flaw_of(steep._replace(b=2 * E18 + 1)) == SmileFlaw.WINGS
    assert flaw_of(steep._replace(rho=E18 - 1, b=e18("1.01"))) == SmileFlaw.WINGS
    level = Smile(-e18("0.04") + 10**13, e18("0.4"), 0, 0, e18("0.1"))
    assert flaw_of(level._replace(a=-e18("0.04"))) == SmileFlaw.VARIANCE
    assert flaw_of(level) in {None, SmileFlaw.BUTTERFLY}


@pytest.mark.parametrize("strike", [1, 900, 1_000, 1_100, 10**6])
@pytest.mark.parametrize("rho", [-0.99, -0.3, 0, 0.7, 0.99])
def test_volatilities_of_a_smile_anywhere(strike: int, rho: float) -> None:
    """vol = sqrt(min(w, 144) / tau) with k cut off at four deviations of the vertex."""
    a, b, m, sigma, years = 0.02, 0.1, 0.01, 0.15, 0.25
    smile = Smile(*(e18(value) for value in (a, b, rho, m, sigma)))
    limit = 4 * sqrt(a + b * sigma)
    k = max(-limit, min(limit, log(strike / 1_000)))
    expected = sqrt(min(144.0, a + b * (rho * (k - m) + hypot(k - m, sigma))) / years)
    ours = volatility(smile, 1_000 * E18, strike * E18, e18(years))
    assert ours / E18 == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("premium", "interest", "cap", "hourly"),
    [
        (0.0, 0.0, 0.0075, 0.0),
        (0.004, 0.0, 0.0075, 0.0005),
        (0.004, 0.0000125, 0.0075, 0.0005125),
        (0.5, 0.0, 0.0075, 0.0075),
        (0.06, 0.0, 0.0075, 0.0075),
        (0.0599, 0.0, 0.0075, 0.0074875),
    ],
)
def test_funding_is_symmetric_and_capped(sign: int, premium: float, interest: float, cap: float, hourly: float) -> None:
    """An eighth of the premium and the interest, within the cap on either side; what longs pay shorts get."""
    spot = 1_500 * UNIT
    book = spot + sign * round(spot * premium)
    rate = funding.hourly_rate(funding.premium(spot, book, book), sign * round(interest * RATE), round(cap * RATE))
    assert rate / RATE == pytest.approx(sign * hourly, abs=1e-9)
    change = funding.index_change(rate, spot, 1)
    long, short = (funding.owed(Position(size=size), change) for size in (UNIT, -UNIT))
    assert long / 10**6 == pytest.approx(1_500 * sign * hourly, abs=2e-6)
    assert 0 <= long + short <= 1


def test_no_premium_inside_the_spread_or_with_half_a_book() -> None:
    spot = 1_500 * UNIT
    assert funding.premium(spot, spot - 1, spot + 1) == 0
    assert funding.premium(spot, None, spot - 10**9) == funding.premium(spot, spot + 10**9, None) == 0
