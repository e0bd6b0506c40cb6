"""The remembered scenario sums of a portfolio are those that are computed anew."""

from __future__ import annotations

from copy import copy

from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import requirements
from exchange.engine.requirements import expiry_charge, market_loss, open_sides, portfolio_loss, scan_loss
from exchange.state.account import Position
from exchange.state.pricing import Pricing

UNIT = 10**8
sizes = st.integers(-50, 50).map(lambda lots: lots * UNIT)
quantities = st.integers(0, 50).map(lambda lots: lots * UNIT)


@st.composite
def entries(draw: st.DrawFn) -> list[tuple[Position, Pricing]]:
    found = []
    for _ in range(draw(st.integers(2, 5))):
        bids, asks, price = draw(quantities), draw(quantities), draw(st.integers(1, 1_000)) * UNIT
        position = Position(
            size=draw(sizes),
            bid_quantity=bids,
            ask_quantity=asks,
            bid_notional=bids * price // 10**10,
            ask_notional=asks * price // 10**10,
            reduce_bid=min(bids, draw(quantities)),
            reduce_ask=min(asks, draw(quantities)),
        )
        scan = tuple(draw(st.lists(st.integers(-90 * UNIT, 90 * UNIT), min_size=16, max_size=16)))
        pricing = Pricing(
            *(0, price, price, min(scan), max(scan), scan, 1, 600_000, 1_100_000, False),
            delta=draw(st.sampled_from([UNIT, -UNIT // 2])),
            short_minimum=draw(st.sampled_from([0, UNIT])),
            expiry=draw(st.integers(0, 2)),
            concentration=draw(st.sampled_from([UNIT, 1 << 62])),
            spread=draw(st.sampled_from([0, UNIT])),
        )
        found.append((position, pricing))
    return found


def anew(positions: list[tuple[Position, Pricing]]) -> int:
    """By the document, without anything remembered."""
    minimum = gross = addons = 0
    for position, pricing in positions:
        alone = scan_loss([(position, pricing)])
        short = max(0, open_sides(position)[1] - position.size) * pricing.short_minimum
        addons += market_loss(position, pricing) - max(alone, short)
        minimum += short
        gross += max(alone, short)
    return max(scan_loss(positions) + expiry_charge(positions), minimum, -(-gross // 10)) + addons


@given(entries(), st.integers(0, 4), st.sampled_from(["size", "bid_quantity", "ask_notional", "reduce_ask"]))
def test_remembered_or_not_a_portfolio_requires_the_same(positions, which: int, field: str) -> None:
    for _ in range(2):
        assert portfolio_loss(positions) == anew(positions)
    # One record changes in place, as fills change it.
    position = positions[which % len(positions)][0]
    setattr(position, field, getattr(position, field) // 2)
    assert portfolio_loss(positions) == anew(positions)
    # And the next round has other numbers for the same records.
    moved = [(copy(record), replaced(pricing)) for record, pricing in positions]
    assert portfolio_loss(moved) == anew(moved)


def replaced(pricing: Pricing) -> Pricing:
    scan = tuple(-entry for entry in pricing.scan)
    return Pricing(
        *(0, pricing.mark, pricing.value, min(scan), max(scan), scan, 2, 600_000, 1_100_000, False),
        delta=pricing.delta,
        short_minimum=pricing.short_minimum,
        expiry=pricing.expiry,
        concentration=pricing.concentration,
        spread=pricing.spread,
    )


def test_a_sum_that_outlived_its_round_would_be_noticed(monkeypatch) -> None:
    """Keyed by the record alone, the second round gets the first one's sums."""
    monkeypatch.setattr(requirements, "id", lambda _: 0, raising=False)
    scan = (UNIT,) * 8 + (-UNIT,) * 8
    first = Pricing(0, UNIT, UNIT, -UNIT, UNIT, scan, 1, 600_000, 1_100_000, False)
    second = Pricing(0, UNIT, UNIT, -9 * UNIT, 9 * UNIT, tuple(9 * at for at in scan), 2, 600_000, 1_100_000, False)
    record = Position(size=UNIT)
    assert portfolio_loss([(record, first), (record, first)]) * 9 == portfolio_loss(
        [(record, second), (record, second)]
    )


def test_the_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(requirements, "_KNOWN_MOST", 4)
    requirements._KNOWN.clear()
    pricing = Pricing(0, UNIT, UNIT, -UNIT, UNIT, (UNIT, -UNIT) * 8, 1, 600_000, 1_100_000, False)
    for size in range(20):
        portfolio_loss([(Position(size=size), pricing), (Position(size=-size), pricing)])
        assert len(requirements._KNOWN) <= 4
