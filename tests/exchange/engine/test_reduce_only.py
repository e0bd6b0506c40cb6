"""Reduce-only orders close and never open: when they come, while they rest, and when they are met."""

from __future__ import annotations

import pytest

from exchange.engine import Filled, OrderPlaced, OrderRemoved, Reason, Rejected, Removal
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
