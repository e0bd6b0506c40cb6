"""Black-76 against sixty digits over the whole sensible domain, and the rules that hold exactly."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.engine.pricing import E18, X96, YEAR_SECONDS, black76, deviation, greeks
from exchange.engine.pricing.black76 import PRICE_LIMIT_E18
from tests.exchange.engine.pricing import references

TOLERANCE = Decimal("1e-12")

prices = st.floats(-8, 6).map(lambda power: int(Decimal(10) ** Decimal(power) * E18))
"""1e-8 to 1e6 USD."""
volatilities = st.floats(-2, 0.699).map(lambda power: int(Decimal(10) ** Decimal(power) * E18))
"""1 % to 500 %."""
tenors = st.one_of(st.integers(1, 86_400), st.integers(86_400, 30 * YEAR_SECONDS))


@given(forward=prices, strike=prices, volatility=volatilities, seconds=tenors)
@example(forward=1500 * E18, strike=1500 * E18, volatility=E18, seconds=604_800)
@example(forward=10**6 * E18, strike=10**6 * E18, volatility=E18 // 100, seconds=1)
@example(forward=10**6 * E18, strike=10**6 * E18 + 1, volatility=5 * E18, seconds=30 * YEAR_SECONDS)
def test_premiums_within_the_tolerance(forward: int, strike: int, volatility: int, seconds: int) -> None:
    _compare(forward, strike, volatility, seconds)


@given(forward=prices, standard=st.floats(-12.5, 12.5), volatility=volatilities, seconds=tenors)
def test_premiums_near_the_money(forward: int, standard: float, volatility: int, seconds: int) -> None:
    """Strikes some deviations away, where a random pair of prices hardly ever is."""
    spread = Decimal(deviation(volatility, seconds)) / X96
    strike = int(Decimal(forward) * (spread * Decimal(standard)).exp())
    if 0 < strike < PRICE_LIMIT_E18:
        _compare(forward, strike, volatility, seconds)


def _compare(forward: int, strike: int, volatility: int, seconds: int) -> None:
    total = deviation(volatility, seconds)
    truth = references.black76(Decimal(forward) / E18, Decimal(strike) / E18, Decimal(total) / X96)
    ours = black76(forward, strike, total)
    for value, expected in zip(ours, truth, strict=True):
        assert abs(Decimal(value) / E18 - expected) < TOLERANCE


@given(forward=prices, strike=prices, volatility=volatilities, seconds=tenors, discount=st.integers(0, E18))
def test_parity_and_bounds_hold_exactly(
    forward: int, strike: int, volatility: int, seconds: int, discount: int
) -> None:
    total = deviation(volatility, seconds)
    call, put = black76(forward, strike, total)
    assert call - put == forward - strike
    assert max(0, forward - strike) <= call <= forward
    assert max(0, strike - forward) <= put <= strike
    discounted = black76(forward, strike, total, discount)
    assert discounted == (call * discount // E18, put * discount // E18)


@given(forward=prices, strike=prices, seconds=tenors, low=volatilities, high=volatilities)
def test_premiums_rise_with_volatility(forward: int, strike: int, seconds: int, low: int, high: int) -> None:
    low, high = sorted((low, high))
    slack = 2 + min(forward, strike) * 6 // 10**24
    assert black76(forward, strike, deviation(low, seconds)).call <= (
        black76(forward, strike, deviation(high, seconds)).call + slack
    )


@pytest.mark.parametrize(
    ("forward", "strike", "total", "expected"),
    [
        (0, 1000, X96, (0, 1000)),
        (1000, 0, X96, (1000, 0)),
        (0, 0, X96, (0, 0)),
        (1200, 1000, 0, (200, 0)),
        (1000, 1200, 0, (0, 200)),
        (1000, 1000, 0, (0, 0)),
    ],
)
def test_intrinsic_value(forward: int, strike: int, total: int, expected: tuple[int, int]) -> None:
    assert black76(forward * E18, strike * E18, total) == tuple(value * E18 for value in expected)


def test_the_ends_of_the_domain() -> None:
    most = PRICE_LIMIT_E18 - 1
    assert black76(most, 1, (1 << 128) - 1) == (most, 1)
    assert black76(1, most, X96) == (0, most - 1)
    assert black76(most, most, X96 << 10) == (most, most)


@given(forward=prices, standard=st.floats(-4, 4), volatility=volatilities, seconds=st.integers(60, YEAR_SECONDS))
def test_greeks_are_the_slopes(forward: int, standard: float, volatility: int, seconds: int) -> None:
    """Against differences of sixty digits; gamma and theta by Black's equation, theta = F^2 sigma^2 gamma / 2."""
    with localcontext() as context:
        context.prec = references.DIGITS
        forward += E18
        total = deviation(volatility, seconds)
        deviations = Decimal(total) / X96
        money, sigma = Decimal(forward) / E18, Decimal(volatility) / E18
        strike = int(Decimal(forward) * (deviations * Decimal(standard)).exp())
        level = Decimal(strike) / E18
        ours = [Decimal(value) / E18 for value in greeks(forward, strike, total, seconds)]
        step = money * deviations * Decimal("1e-12")
        up, down = (references.black76(money + move, level, deviations) for move in (step, -step))
        assert abs(ours[0] - (up[0] - down[0]) / (2 * step)) < TOLERANCE
        assert abs(ours[1] - (up[1] - down[1]) / (2 * step)) < TOLERANCE
        root = (Decimal(seconds) / YEAR_SECONDS).sqrt()
        step = sigma * Decimal("1e-12")
        up, down = (references.black76(money, level, deviations + move * root) for move in (step, -step))
        vega = (up[0] - down[0]) / (2 * step)
        assert abs(ours[3] - vega) < TOLERANCE + vega * TOLERANCE
        gamma = vega / (money * money * root * deviations)
        assert abs(ours[2] - gamma) < TOLERANCE + gamma * TOLERANCE
        theta = vega * (deviations / root) / (2 * Decimal(seconds) / YEAR_SECONDS)
        assert abs(ours[4] - theta) < TOLERANCE + theta * TOLERANCE


def test_greeks_where_nothing_moves() -> None:
    assert greeks(1200 * E18, 1000 * E18, 0, 0) == (E18, 0, 0, 0, 0)
    assert greeks(1000 * E18, 1200 * E18, 0, 100) == (0, -E18, 0, 0, 0)
    assert greeks(0, 1000 * E18, X96, 100, E18 // 2) == (0, -E18 // 2, 0, 0, 0)
    assert greeks(10**6 * E18, E18, X96 // 10, 100) == (E18, 0, 0, 0, 0)
