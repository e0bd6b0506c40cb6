"""The campaigns notice an engine with one rule less."""

from __future__ import annotations

import pytest

from exchange.engine import execution, means, requirements
from tests.exchange.engine.test_properties import campaign


def _unasked(*_values: object) -> None:
    pass


BROKEN = {
    "orders are not margined": (execution.placing, "require_margin", _unasked),
    "a liquidation sells at any price": (means, "bounded", lambda price, *_: price),
    "orders that only reduce require nothing at all": (
        requirements,
        "open_sides",
        lambda position: (0, 0),
    ),
    "the fund pays no debt": (means, "grant", lambda *_: 0),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_campaign_notices(venue_type, monkeypatch, rule: str) -> None:
    monkeypatch.setattr(*BROKEN[rule])
    with pytest.raises(AssertionError):
        campaigns(venue_type)


def campaigns(venue_type: type) -> None:
    for seed in range(13):
        campaign(venue_type, seed, 400)
