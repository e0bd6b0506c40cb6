"""Published Black-76 prices, SVI volatilities and funding rates, within the tolerance that comes with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchange.engine.pricing import E18, Smile, black76, deviation, greeks, volatility

FILE = "black76-svi-funding.json"


def e18(value: float) -> int:
    """The published decimal, not the float nearest to it."""
    return int(Decimal(repr(value)) * E18)


@pytest.fixture(scope="module")
def published(vector) -> dict[str, Any]:
    return vector(FILE)


def near(value: int, expected: float, tolerance: float) -> bool:
    """Within the tolerance, and where doubles are coarser than that, within a few of the publication's last bits."""
    return abs(value / E18 - expected) <= max(tolerance, abs(expected) * 2**-51)


def test_black76(published) -> None:
    assert published["black76"]
    for case in published["black76"]:
        forward, strike, discount = e18(case["F"]), e18(case["K"]), e18(case.get("D", 1))
        total = deviation(e18(case["vol"]), case["T_s"])
        call, put = black76(forward, strike, total, discount)
        tolerance = case.get("tol", published["tolerance_abs"])
        assert near(call, case["call"], tolerance), case
        assert near(put, case["put"], tolerance), case
        if "delta_undisc" in case:
            delta = greeks(forward, strike, total, case["T_s"]).call_delta
            assert near(delta, case["delta_undisc"], tolerance), case


def test_svi(published) -> None:
    assert published["svi"]["cases"]
    for case in published["svi"]["cases"]:
        smile = Smile(*(e18(case[name]) for name in ("a", "b", "rho", "m", "sigma")))
        for strike, expected in zip(case["strikes"], case["vols"], strict=True):
            ours = volatility(smile, e18(case["F"]), e18(strike), e18(case["tau"]))
            assert near(ours, expected, case.get("tol", published["tolerance_abs"])), (case, strike)
