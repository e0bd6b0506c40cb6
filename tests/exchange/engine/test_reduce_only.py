"""Reduce-only orders close and never open: when they come, while they rest, and when they are met."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Filled,
    OrderPlaced,
    OrderRemoved,
    Reason,
    Rejected,
    Removal,
    assess,
    placing,
    requirements,
)
from exchange.state import OrderFlag, Phase, Side, TimeInForce

UNIT = 10**8
ONLY = OrderFlag.REDUCE_ONLY


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def sizes(events: list[object]) -> list[float]:
    return [event.size / UNIT for event in events if isinstance(event, Filled)]


@pytest.fixture
def long(venue):
    """Account 1 holds one BTC, account 2 the other side; account 3 is rich."""
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.open_account(usd=10_000_000)
    return venue


def test_without_a_position_there_is_nothing_to_reduce(long) -> None:
    wrong_side = long.order(1, 0, Side.BID, 50_000, 1, flags=ONLY)
    nobody = long.order(3, 0, Side.ASK, 50_000, 1, flags=ONLY)
    assert [reason_of(long, step) for step in (wrong_side, nobody)] == [Reason.REDUCE_ONLY_WOULD_INCREASE] * 2
    (placed,) = long.sell(1, 50_000, 1, flags=ONLY)
    assert isinstance(placed, OrderPlaced)


def test_a_larger_order_is_cut_to_the_position(long) -> None:
    long.buy(3, 50_000, 5)
    assert sizes(long.sell(1, 50_000, 4, flags=ONLY)) == [1]
    assert long.state.accounts[1].positions == {}
    long.sell(3, 51_000, 5)
    assert sizes(long.buy(2, 51_000, 4, flags=ONLY, tif=TimeInForce.IOC)) == [1]


def test_a_resting_one_dies_when_the_position_is_gone(long) -> None:
    """Shrunk by another order of the same account: the rest of it never opens the other side."""
    (resting,) = long.sell(1, 50_100, 1, flags=ONLY)
    long.buy(3, 50_000, 1)
    long.sell(1, 50_000, 1)
    removed, placed = long.buy(3, 50_100, 1)
    assert removed == OrderRemoved(1, 0, resting.slot, resting.sequence, resting.nonce, UNIT, Removal.REDUCE_ONLY)
    assert isinstance(placed, OrderPlaced)
    assert long.state.accounts[1].positions == {}


def test_a_resting_one_fills_only_what_is_left_to_reduce(long) -> None:
    long.sell(1, 50_100, 1, flags=ONLY)
    long.buy(3, 50_000, 0.7)
    long.sell(1, 50_000, 0.7)
    events = long.buy(3, 50_100, 1, tif=TimeInForce.IOC)
    assert sizes(events) == [0.3]
    assert events[1].cause == Removal.REDUCE_ONLY
    assert events[1].remaining == 7 * UNIT // 10
    assert long.state.accounts[1].positions == {}


def test_two_of_them_never_turn_the_position(long) -> None:
    """A stop-out and a take-profit of the full size each, both met by one taker."""
    long.sell(1, 50_100, 1, flags=ONLY)
    long.sell(1, 50_200, 1, flags=ONLY)
    events = long.buy(3, 50_300, 2, tif=TimeInForce.IOC)
    assert sizes(events) == [1]
    assert [event.cause for event in events if isinstance(event, OrderRemoved)] == [Removal.REDUCE_ONLY]
    assert long.state.accounts[1].positions == {}


def test_fill_or_kill_counts_only_what_they_can_give(long) -> None:
    long.sell(1, 50_100, 1, flags=ONLY)
    long.sell(1, 50_100, 1, flags=ONLY)
    step = long.order(3, 0, Side.BID, 50_100, 2, TimeInForce.FOK)
    assert reason_of(long, step) == Reason.FILL_OR_KILL_UNFILLED
    assert sizes(long.buy(3, 50_100, 1, tif=TimeInForce.FOK)) == [1]


def test_a_market_in_its_reduce_only_phase_takes_nothing_else(long) -> None:
    long.buy(3, 49_000, 5)
    long.state.markets[0].phase = Phase.REDUCE_ONLY
    assert reason_of(long, long.order(1, 0, Side.ASK, 49_000, 1)) == Reason.REDUCE_ONLY_PHASE
    assert sizes(long.sell(1, 49_000, 1, flags=ONLY)) == [1]


def test_a_market_in_its_post_only_phase_takes_only_makers(long) -> None:
    long.buy(3, 49_000, 5)
    long.state.markets[0].phase = Phase.POST_ONLY
    for tif in (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK):
        assert reason_of(long, long.order(1, 0, Side.ASK, 50_000, 1, tif)) == Reason.POST_ONLY_PHASE
    for tif in (TimeInForce.POST_ONLY, TimeInForce.POST_ONLY_SLIDE):
        (placed,) = long.sell(1, 50_000, 0.5, tif=tif)
        assert isinstance(placed, OrderPlaced)


@pytest.fixture
def stretched(venue):
    """Account 3 is long 1 with 5,100 USD, so that nothing is free; 4 is rich. Without fees beyond 25 USD."""
    venue.open_account(usd=5_100)
    venue.open_account(usd=10_000_000)
    venue.sell(4, 50_000, 1)
    venue.buy(3, 50_000, 1)
    assert reason_of(venue, venue.order(3, 0, Side.ASK, 50_500, 3)) == Reason.INSUFFICIENT_MARGIN
    return venue


def test_exits_of_the_full_size_each_need_no_margin(stretched) -> None:
    before = assess(stretched.state, 3).initial
    for price in (50_500, 51_000, 51_500):
        stretched.sell(3, price, 1, flags=ONLY)
    assert assess(stretched.state, 3).initial == before
    position = stretched.state.accounts[3].positions[0]
    assert (position.ask_quantity, position.reduce_ask) == (3 * UNIT, 3 * UNIT)


def test_exits_that_counted_in_full_were_refused(stretched, monkeypatch) -> None:
    monkeypatch.setattr(placing, "open_sides", lambda position: (position.bid_quantity, position.ask_quantity))
    monkeypatch.setattr(requirements, "open_sides", lambda position: (position.bid_quantity, position.ask_quantity))
    for price in (50_500, 51_000):
        stretched.sell(3, price, 1, flags=ONLY)
    assert reason_of(stretched, stretched.order(3, 0, Side.ASK, 51_500, 1, flags=ONLY)) == Reason.INSUFFICIENT_MARGIN


def test_under_water_an_exit_rests_and_adds_no_risk(stretched) -> None:
    stretched.price(btc=46_500, eth=3_000)
    report = assess(stretched.state, 3)
    assert report.equity < report.initial
    assert reason_of(stretched, stretched.order(3, 0, Side.ASK, 46_600, 1.5)) == Reason.INSUFFICIENT_MARGIN
    stretched.sell(3, 46_600, 0.6)
    # With the other ask met first or last, both together would leave it short.
    assert reason_of(stretched, stretched.order(3, 0, Side.ASK, 46_700, 1, flags=ONLY)) == Reason.INSUFFICIENT_MARGIN
    stretched.sell(3, 46_700, 0.4, flags=ONLY)
    stretched.do(stretched.cancel_all(3))
    for price in (46_600, 46_700):
        stretched.sell(3, price, 1, flags=ONLY)
    assert assess(stretched.state, 3).initial == report.initial
    stretched.buy(4, 46_700, 5)
    assert stretched.state.accounts[3].positions == {}


def test_exits_left_over_on_the_other_side_require_nothing(stretched) -> None:
    """A short's exits rest on as bids when it has turned long: they could only be removed."""
    stretched.buy(4, 50_000, 5)
    stretched.do(stretched.cancel_all(3))
    stretched.deposit(3, 0, 100_000 * 10**6)
    stretched.sell(3, 50_000, 2)
    stretched.buy(3, 49_000, 1, flags=ONLY)
    short = assess(stretched.state, 3).initial
    stretched.sell(4, 50_000, 5)
    stretched.buy(3, 50_000, 2)
    assert stretched.state.accounts[3].positions[0].reduce_bid == UNIT
    assert assess(stretched.state, 3).initial == short == 5_000 * 10**6
