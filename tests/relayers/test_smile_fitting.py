"""Fitting: what was made from a smile is fitted by that smile, noise by one nearby, nonsense by none."""

import math
from random import Random

import pytest

from exchange.engine.pricing import E18, Smile, flaw_of
from relayers.smile_fitting import NoSmileFits, SmilePoint, fit_smile

STRIKES = [-0.5 + 0.05 * step for step in range(21)]
TRUE = (0.004, 0.03, -0.3, 0.02, 0.2)


def variance(parameters, k):
    a, b, rho, m, sigma = parameters
    return a + b * (rho * (k - m) + math.hypot(k - m, sigma))


def points(parameters=TRUE, noise=0.0, seed=1):
    random = Random(seed)
    return [SmilePoint(moneyness=k, variance=variance(parameters, k) * (1 + random.gauss(0, noise))) for k in STRIKES]


def worst(smile, parameters=TRUE):
    found = [value / E18 for value in smile]
    return max(abs(variance(found, k) / variance(parameters, k) - 1) for k in STRIKES)


@pytest.mark.parametrize("parameters", [TRUE, (0.01, 0.1, 0.4, -0.05, 0.3), (0.002, 0.02, 0.0, 0.0, 0.5)])
def test_a_smile_is_found_again(parameters):
    smile = fit_smile(points(parameters))
    assert flaw_of(smile) is None
    assert worst(smile, parameters) < 0.01


def test_noise_moves_it_a_little():
    smile = fit_smile(points(noise=0.02))
    assert flaw_of(smile) is None
    assert worst(smile) < 0.05


def test_the_same_points_give_the_same_smile():
    assert fit_smile(points(noise=0.01)) == fit_smile(list(reversed(points(noise=0.01))))
    assert all(value % 10**9 == 0 for value in fit_smile(points()))


@pytest.mark.parametrize("wrong", [[], points()[:4], [SmilePoint(moneyness=k, variance=0.0) for k in STRIKES]])
def test_too_little_to_fit(wrong):
    with pytest.raises(NoSmileFits):
        fit_smile(wrong)


def test_no_smile_is_made_of_prices_that_give_money_away():
    """A peak at the money: every butterfly around it costs less than nothing."""
    peak = [SmilePoint(moneyness=k, variance=0.3 - 0.5 * abs(k)) for k in STRIKES]
    try:
        smile = fit_smile(peak)
    except NoSmileFits:
        return
    assert isinstance(smile, Smile)
    assert flaw_of(smile) is None
