"""Published funding rates and impact notionals (Derive, dYdX)."""

from __future__ import annotations

import pytest

from exchange.engine import funding
from exchange.engine.impact import impact_notional
from exchange.state.account import Position
from exchange.state.market import Market

UNIT = 10**8
ONE = 10**9


def perpetual(scan_range: float = 0.1) -> Market:
    return Market(0, 1, 1, 1, 1, 1, 1, round(scan_range * 10**6), 600_000, 1_100_000, 0, 0, 0, 0, 0, 1)


def test_hourly_rates(vector) -> None:
    cases = [case for case in vector("black76-svi-funding.json")["perp_funding"] if "expected_hourly" in case]
    assert cases
    for case in cases:
        spot, bid, ask = (round(case[name] * UNIT) for name in ("spot", "impact_bid", "impact_ask"))
        assert case.get("convergence_h", funding.CONVERGENCE_HOURS) == funding.CONVERGENCE_HOURS
        rate = funding.hourly_rate(
            funding.premium(spot, bid, ask), round(case.get("static", 0) * ONE), round(case.get("cap", 0.0075) * ONE)
        )
        assert rate / ONE == pytest.approx(case["expected_hourly"], abs=1e-9)


def test_payments(vector) -> None:
    cases = [case for case in vector("black76-svi-funding.json")["perp_funding"] if "long_pays" in case]
    assert cases
    for case in cases:
        change = funding.index_change(round(case["rate"] * ONE), round(case["spot"] * UNIT), 1)
        size = round(case["position"] * UNIT)
        due = funding.owed(Position(size=size), change * round(case["hours"]))
        assert due / 10**6 == pytest.approx(case["long_pays"], abs=1e-6)
        assert funding.owed(Position(size=-size), change * round(case["hours"])) <= -due + 1


def test_impact_notional_and_cap(vector) -> None:
    examples = vector("perp-margin-examples.json")["docs_examples"]
    impact, cap = examples["impact_notional"], examples["funding_cap_8h"]
    assert impact_notional(perpetual(impact["imf"])) == impact["expected_usdc"] * 10**6
    parts = (round(cap["imf"] * 10**6), round(cap["mmf"] * 10**6))
    assert funding.cap_of_margins(*parts) == round(cap["expected"] * 10**6)
