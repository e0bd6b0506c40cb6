"""Risk arrays: order, signs, rounding, and that options and futures agree where they must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine.pricing import (
    E18,
    YEAR_SECONDS,
    OptionTerms,
    deviation,
    expired_quote,
    linear_quote,
    option_quote,
    volatility_shock,
)

UNIT = 10**8
DAY = 86_400


def terms(**changed: int | bool) -> OptionTerms:
    seconds = changed.get("seconds", 30 * DAY)
    return OptionTerms(
        **{
            "forward": 50_000 * UNIT,
            "strike": 50_000 * UNIT,
            "is_call": True,
            "deviation": deviation(6 * E18 // 10, seconds),
            "seconds": seconds,
            "scan_range": 100_000,
            "volatility_range": 350_000,
            "multiplier": 1,
            **changed,
        }
    )


def test_a_linear_market_moves_with_the_price() -> None:
    quote = linear_quote(50_000 * UNIT, 100_000, 3)
    third = 5_000 * UNIT
    expected = (0, 0, third, third, -third, -third, 2 * third, 2 * third, -2 * third, -2 * third)
    assert quote.scan == (
        *expected,
        15_000 * UNIT,
        15_000 * UNIT,
        -15_000 * UNIT,
        -15_000 * UNIT,
        10_500 * UNIT,
        -10_500 * UNIT,
    )
    assert (quote.price, quote.delta, quote.vega) == (50_000 * UNIT, 3 * UNIT, 0)
    assert linear_quote(1, 100_000, 1).scan[2:6] == (0, 0, -1, -1)


def test_an_option_gains_with_volatility_and_with_its_side() -> None:
    call, put = option_quote(terms()), option_quote(terms(is_call=False))
    assert call.price == put.price, "at the money"
    assert call.scan[0] > 0 > call.scan[1]
    assert put.scan[0] == call.scan[0]
    for up in range(0, 14, 2):
        assert call.scan[up] > call.scan[up + 1]
        assert put.scan[up] > put.scan[up + 1]
    assert call.scan[12] < call.scan[4] < call.scan[2] < call.scan[10]
    assert put.scan[10] < put.scan[2] < put.scan[4] < put.scan[12]
    assert call.scan[14] > 0 > call.scan[15] > -call.price
    assert call.delta - put.delta == pytest.approx(UNIT, abs=1)
    assert call.vega == put.vega > 0


@given(strike=st.integers(1_000, 200_000), seconds=st.integers(1, 2 * YEAR_SECONDS), multiplier=st.integers(1, 1000))
def test_a_call_less_a_put_is_a_future(strike: int, seconds: int, multiplier: int) -> None:
    """In every scenario, up to the rounding of three entries: a synthetic future has a future's risk."""
    call, put = (
        option_quote(terms(strike=strike * UNIT, seconds=seconds, multiplier=multiplier, is_call=is_call))
        for is_call in (True, False)
    )
    future = linear_quote(50_000 * UNIT, 100_000, multiplier)
    assert abs(call.price - put.price - (50_000 - strike) * UNIT) <= 1
    for bought, sold, expected in zip(call.scan, put.scan, future.scan, strict=True):
        assert abs(bought - sold - expected) <= 2


@given(strike=st.integers(1_000, 200_000), seconds=st.integers(1, 2 * YEAR_SECONDS), is_call=st.booleans())
def test_a_long_option_never_loses_more_than_its_price(strike: int, seconds: int, *, is_call: bool) -> None:
    quote = option_quote(terms(strike=strike * UNIT, seconds=seconds, is_call=is_call))
    assert min(quote.scan) >= -quote.price - 1


def test_volatility_shocks_shrink_with_the_tenor() -> None:
    assert volatility_shock(350_000, 30 * DAY) == 350_000
    assert volatility_shock(350_000, 480 * DAY) == 175_000
    assert volatility_shock(350_000, DAY) == volatility_shock(350_000, 1) == 819_121
    shocks = [volatility_shock(350_000, days * DAY) for days in range(1, 400, 7)]
    assert shocks == sorted(shocks, reverse=True)


def test_extremes_leave_no_negative_forward() -> None:
    quote = option_quote(terms(scan_range=600_000))
    assert quote.scan[15] == -(-(-quote.price * 35) // -100) or quote.scan[15] == -quote.price * 35 // 100
    assert option_quote(terms(scan_range=600_000, is_call=False)).scan[15] == pytest.approx(
        (50_000 * UNIT - quote.price) * 0.35, abs=2
    )


def test_the_multiplier_scales_everything_but_the_price() -> None:
    one, ten = option_quote(terms(strike=52_345 * UNIT)), option_quote(terms(strike=52_345 * UNIT, multiplier=10))
    assert one.price == ten.price
    for single, tenfold in zip((one.delta, one.vega, *one.scan), (ten.delta, ten.vega, *ten.scan), strict=True):
        assert 10 * single <= tenfold < 10 * single + 10


def test_what_has_expired_has_no_risk() -> None:
    assert expired_quote(7) == (7, 0, 0, (0,) * 16)
