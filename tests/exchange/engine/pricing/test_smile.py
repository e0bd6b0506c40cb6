"""The smile: variance against floats, and that a smile which would allow arbitrage is refused."""

from __future__ import annotations

from math import exp, hypot, inf, log, sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exchange.engine.pricing import (
    E18,
    X96,
    Smile,
    SmileFlaw,
    black76,
    calendar_holds,
    clipped_variance,
    flaw_of,
    moneyness,
    total_variance,
    volatility,
)
from exchange.engine.pricing.fixed_point import sqrt as sqrt_x96
from exchange.engine.pricing.smile import VARIANCE_CAP, grid, reach

ORDINARY = (0.04, 0.1, -0.3, 0.01, 0.2)


def smile_of(*parameters: float) -> Smile:
    return Smile(*(round(parameter * E18) for parameter in parameters))


@st.composite
def smiles(draw: st.DrawFn) -> Smile:
    """Slices of every shape and of total variance from 1e-6 to 20, most of them without arbitrage."""
    level = exp(draw(st.floats(log(1e-6), log(20))))
    return smile_of(
        level * draw(st.floats(-0.5, 1)),
        level * exp(draw(st.floats(-4, 3))),
        draw(st.floats(-0.99, 0.99)),
        sqrt(level) * draw(st.floats(-2, 2)),
        sqrt(level) * exp(draw(st.floats(-5, 1))),
    )


def density_factor(smile: Smile, k: float) -> float:
    a, b, rho, m, sigma = (parameter / E18 for parameter in smile)
    root = hypot(k - m, sigma)
    w = a + b * (rho * (k - m) + root)
    slope = b * (rho + (k - m) / root)
    curvature = b * sigma * sigma / root**3
    return (1 - k * slope / 2 / w) ** 2 - slope**2 / 4 * (1 / w + 0.25) + curvature / 2


@given(smile=smiles(), k=st.floats(-5, 5))
def test_total_variance(smile: Smile, k: float) -> None:
    a, b, rho, m, sigma = (parameter / E18 for parameter in smile)
    expected = a + b * (rho * (k - m) + hypot(k - m, sigma))
    assert total_variance(smile, round(k * X96)) / X96 == pytest.approx(expected, abs=1e-13, rel=1e-12)


def test_variance_is_flat_beyond_the_reach_and_capped() -> None:
    smile = smile_of(*ORDINARY)
    limit = reach(smile)
    assert limit / X96 == pytest.approx(4 * sqrt(0.04 + 0.1 * 0.2))
    assert clipped_variance(smile, limit - X96 // 100) < clipped_variance(smile, limit)
    assert clipped_variance(smile, limit) == clipped_variance(smile, 2 * limit)
    assert clipped_variance(smile, -limit) == clipped_variance(smile, -3 * limit)
    assert clipped_variance(smile_of(15, 1.9, 0, 0, 0.2), 10 * X96) < VARIANCE_CAP
    assert clipped_variance(smile_of(15, 15, 0, 0, 15), 10 * X96) == VARIANCE_CAP


def test_volatility_at_the_money() -> None:
    smile = smile_of(0.04, 0, 0, 0, 0.2)
    assert volatility(smile, 100 * E18, 100 * E18, E18) / E18 == pytest.approx(0.2, abs=1e-15)
    assert volatility(smile, 100 * E18, 130 * E18, E18 // 4) / E18 == pytest.approx(0.4, abs=1e-15)


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({}, None),
        ({"b": -1e-18}, SmileFlaw.PARAMETERS),
        ({"sigma": 0}, SmileFlaw.PARAMETERS),
        ({"rho": 1}, SmileFlaw.PARAMETERS),
        ({"rho": -1}, SmileFlaw.PARAMETERS),
        ({"m": 16}, SmileFlaw.PARAMETERS),
        ({"a": 16}, SmileFlaw.PARAMETERS),
        ({"sigma": 1e-6}, SmileFlaw.PARAMETERS),
        ({"b": 1.6, "rho": 0.3, "a": 4}, SmileFlaw.WINGS),
        ({"a": -0.05}, SmileFlaw.VARIANCE),
        ({"b": 1.5, "rho": -0.3}, SmileFlaw.BUTTERFLY),
        ({"b": 0.4, "rho": -0.95, "sigma": 0.02}, SmileFlaw.BUTTERFLY),
    ],
)
def test_a_flawed_slice_is_named(changed: dict[str, float], flaw: SmileFlaw | None) -> None:
    names = ("a", "b", "rho", "m", "sigma")
    assert flaw_of(smile_of(*({**dict(zip(names, ORDINARY, strict=True)), **changed}[name] for name in names))) == flaw


def test_the_example_of_axel_vogt_is_refused() -> None:
    """Gatheral and Jacquier's example 3.1 of a slice with negative density."""
    assert flaw_of(smile_of(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)) == SmileFlaw.BUTTERFLY


@settings(max_examples=400)
@given(smile=smiles())
def test_an_accepted_slice_has_no_negative_density(smile: Smile) -> None:
    """At three thousand points far into the wings, a hundred times as dense as the check."""
    assume(flaw_of(smile) is None)
    limit = 3 * reach(smile) / X96
    assert min(density_factor(smile, limit * (point / 1500 - 1)) for point in range(3001)) >= 0


@given(smile=smiles())
def test_the_check_reads_a_bounded_number_of_points(smile: Smile) -> None:
    assume(flaw_of(smile) in {None, SmileFlaw.BUTTERFLY})
    assert len(list(grid(smile))) <= 100


@settings(max_examples=30)
@given(smile=smiles())
def test_accepted_smiles_price_butterflies_at_no_less_than_nothing(smile: Smile) -> None:
    """What the density stands for: calls at neighbouring strikes within the reach are convex and fall."""
    assume(flaw_of(smile) is None)
    forward = 1000 * E18
    limit = reach(smile) / X96
    width = min(8.0, limit) * 0.98
    strikes = [round(1000 * exp(width * (point / 40 - 1)) * E18) for point in range(81)]
    calls = [
        black76(forward, strike, sqrt_x96(clipped_variance(smile, moneyness(forward, strike)))).call
        for strike in strikes
    ]
    slopes = [
        (after - before) / (right - left)
        for before, after, left, right in zip(calls, calls[1:], strikes, strikes[1:], strict=False)
    ]
    assert all(-1 <= slope <= 1e-15 for slope in slopes)
    assert all(later - earlier >= -1e-12 for earlier, later in zip([-inf, *slopes], slopes, strict=False))


def test_a_calendar_spread_is_never_worth_less_than_nothing() -> None:
    near, far = smile_of(*ORDINARY), smile_of(0.05, 0.11, -0.3, 0.01, 0.2)
    full = (100, 100)
    assert calendar_holds(near, far, full, full)
    assert not calendar_holds(far, near, full, full)
    assert calendar_holds(near, near, full, full)
    assert not calendar_holds(near, smile_of(0.06, 0.11, 0.6, 0.01, 0.2), full, full), "a wing crosses"
    assert calendar_holds(far, near, (50, 100), full), "half of the near one's variance has worn off"
    assert not calendar_holds(near, far, full, (50, 100))
