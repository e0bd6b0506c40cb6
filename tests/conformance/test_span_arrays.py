"""The published SPAN array of a long future, against the risk array and scan loss of a perpetual."""

from __future__ import annotations

import pytest

from exchange.engine.margin import scan_loss, scan_loss_alone
from exchange.engine.marking import risk_array
from exchange.engine.pricing import LINEAR_MOVES
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
