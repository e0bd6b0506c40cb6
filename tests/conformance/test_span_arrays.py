"""The published SPAN array of a long future, against the risk array and scan loss of a perpetual."""

from __future__ import annotations

import pytest

from exchange.engine.margin import scan_loss, scan_loss_alone
from exchange.engine.marking import risk_array
from exchange.engine.pricing import LINEAR_MOVES, SCENARIOS, X96, OptionTerms, option_quote
from exchange.state.account import Position
from exchange.state.market import Market
from exchange.state.pricing import Pricing

UNIT = 10**8


@pytest.fixture(scope="module")
def published(vector) -> dict[str, object]:
    return vector("span-arrays.json")


@pytest.fixture(scope="module")
def priced(published) -> Pricing:
    """One contract of the publication: 500 units of an index, at a price where 10,000 USD are 20 points of it."""
    points, multiplier = published["params"]["psr_points"], published["params"]["multiplier"]
    price = 400 * UNIT
    market = Market(0, 1, 1, 1, 1, 1, multiplier, points * 10**6 // 400, 600_000, 1_100_000, 0, 0, 0, 0, 0, 1)
    scan = risk_array(market, price)
    return Pricing(0, price, price * multiplier, min(scan), max(scan), scan, 1, 600_000, 1_100_000, True)


def test_the_scenarios_are_in_the_published_order(published) -> None:
    fractions = {"0": 0, "+1/3": 1 / 3, "-1/3": -1 / 3, "+2/3": 2 / 3, "-2/3": -2 / 3, "+1": 1, "-1": -1}
    extreme = published["params"]["extreme_usd"] / published["params"]["psr_usd"]
    for (numerator, denominator), (move, _volatility) in zip(LINEAR_MOVES, published["span16"], strict=True):
        expected = fractions.get(move, -extreme if move.startswith("-") else extreme)
        assert numerator / denominator == pytest.approx(expected)


def test_volatility_moves_in_the_published_order(published) -> None:
    """Up, down, and not at all in the two extremes, by both lists."""
    ours = [volatility for _, volatility in SCENARIOS]
    assert ours == [{"+v": 1, "-v": -1, "0": 0}[volatility] for _, volatility in published["span16"]]
    names = {"volU": 1, "U": 1, "volD": -1, "D": -1}
    assert ours == [names.get(name.split()[-1], 0) for name in published["scenarios"]]


def test_long_future(published, priced) -> None:
    """The publication rounds thirds to ten dollars; everything else is exact."""
    for ours, theirs in zip(priced.scan, published["long_future"], strict=True):
        assert abs(ours - theirs * UNIT) <= 4 * UNIT
        if theirs % 1000 == 0:
            assert ours == theirs * UNIT


def test_requirement(published, priced) -> None:
    required = published["requirement"]["long_future"]
    for size in (UNIT, -UNIT):
        entry = (Position(size=size), priced)
        assert scan_loss_alone(*entry) == scan_loss([entry]) == required * 10**16
    assert scan_loss([(Position(size=UNIT), priced), (Position(size=-UNIT), priced)]) == 0


def test_long_call(published) -> None:
    """The published array of a call, by the underlying price and deviation that reproduce it best.

    The publication rounds to ten dollars and lets a day pass, which makes volatility down cost more than up earns: with
    equal shocks the fourteen moves agree within 0.8 % of the scan range. Its extreme up move is of another rule.
    """
    params = published["params"]
    forward = 413.81
    quote = option_quote(
        OptionTerms(
            forward=round(forward * UNIT),
            strike=410 * UNIT,
            is_call=True,
            deviation=42_512 * X96 // 10**6,
            seconds=30 * 86_400,
            scan_range=round(params["psr_points"] / forward * 10**6),
            volatility_range=157_000,
            multiplier=params["multiplier"],
        )
    )
    for ours, theirs in zip(quote.scan[:14], published["long_call_dec410"], strict=False):
        assert abs(ours - theirs * UNIT) <= 80 * UNIT
    assert abs(quote.scan[15] - published["long_call_dec410"][15] * UNIT) <= 100 * UNIT


def test_requirement_of_the_published_call(published) -> None:
    scan = tuple(entry * UNIT for entry in published["long_call_dec410"])
    priced = Pricing(0, 9 * UNIT, 9 * UNIT * 500, min(scan), max(scan), scan, 1, 600_000, 1_100_000, True)
    assert scan_loss_alone(Position(size=UNIT), priced) == published["requirement"]["long_call"] * 10**16
    assert scan_loss([(Position(size=UNIT), priced)]) == published["requirement"]["long_call"] * 10**16
    future = tuple(entry * UNIT for entry in published["long_future"])
    hedge = Pricing(0, UNIT, UNIT, min(future), max(future), future, 1, 600_000, 1_100_000, False)
    net = [call - other for call, other in zip(scan, future, strict=True)]
    together = [(Position(size=UNIT), priced), (Position(size=-UNIT), hedge)]
    assert scan_loss(together) == -min(net) * 10**8
