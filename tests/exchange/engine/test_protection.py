"""Market-maker protection: too much filled too fast, and everything is off."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Filled,
    OrderRemoved,
    ProtectionTripped,
    Reason,
    Rejected,
    Removal,
    open_orders,
    set_clock,
    steps,
)
from exchange.state import Side, TimeInForce

UNIT = 10**8
USD = 10**6


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def arm(venue, account: int, usd: int, window: int = 5, freeze: int = 60) -> None:
    venue.do(venue.signed(steps.SET_PROTECTION, account, limit=usd * USD, window=window, freeze=freeze))


@pytest.fixture
def maker(venue):
    """Account 1 makes markets in two books with a limit of 20,000 USD in five seconds; account 3 is rich."""
    arm(venue, 1, 20_000)
    venue.open_account(usd=10_000_000)
    for price in (50_000, 50_100, 50_200):
        venue.sell(1, price, 0.3)
    venue.buy(1, 2_900, 1, market=1)
    return venue


def test_the_fill_that_passes_the_limit_is_the_last(maker) -> None:
    """One sweep of the book takes what was there at one price and a bit, not everything."""
    events = maker.buy(3, 51_000, 0.9)
    assert [event.size for event in events if isinstance(event, Filled)] == [3 * UNIT // 10] * 2
    (tripped,) = [event for event in events if isinstance(event, ProtectionTripped)]
    assert tripped == ProtectionTripped(1, 1, maker.state.header.clock + 60)
    assert [event.cause for event in events if isinstance(event, OrderRemoved)] == [Removal.DEAD_EPOCH]
    assert open_orders(maker.state, 1) == []
    position = maker.state.accounts[1].positions[0]
    assert (position.size, position.ask_quantity) == (-6 * UNIT // 10, 0)
    assert 1 not in maker.state.accounts[1].positions


def test_what_is_left_of_the_last_order_dies_too(maker) -> None:
    maker.buy(3, 50_000, 0.3)
    events = maker.buy(3, 50_100, 0.2, tif=TimeInForce.IOC)
    assert isinstance(events[-1], ProtectionTripped)
    events = maker.buy(3, 51_000, 0.9, tif=TimeInForce.IOC)
    assert not any(isinstance(event, Filled) for event in events)


def test_a_new_window_counts_anew(maker) -> None:
    maker.buy(3, 50_000, 0.3)
    set_clock(maker.state, maker.state.header.clock + 5)
    assert not any(isinstance(event, ProtectionTripped) for event in maker.buy(3, 50_100, 0.3))
    assert any(isinstance(event, ProtectionTripped) for event in maker.buy(3, 50_200, 0.3))


def test_a_frozen_maker_hedges_but_does_not_quote(maker) -> None:
    maker.buy(3, 51_000, 0.9)
    maker.sell(3, 51_000, 5)
    for tif in (TimeInForce.GTC, TimeInForce.POST_ONLY, TimeInForce.POST_ONLY_SLIDE):
        assert reason_of(maker, maker.order(1, 0, Side.BID, 49_000, 0.1, tif)) == Reason.PROTECTION_FROZEN
    assert any(isinstance(event, Filled) for event in maker.buy(1, 51_000, 0.6, tif=TimeInForce.IOC))
    step = maker.order(1, 0, Side.BID, 49_000, 0.1)
    set_clock(maker.state, maker.state.header.clock + 59)
    assert reason_of(maker, step) == Reason.PROTECTION_FROZEN
    set_clock(maker.state, maker.state.header.clock + 1)
    maker.do(step) if not maker.price(btc=50_000) else None


def test_a_freeze_cannot_be_set_aside(maker) -> None:
    maker.buy(3, 51_000, 0.9)
    step = maker.signed(steps.SET_PROTECTION, 1, limit=0, window=0, freeze=0)
    assert reason_of(maker, step) == Reason.PROTECTION_FROZEN
    set_clock(maker.state, maker.state.header.clock + 60)
    maker.do(step)
    assert maker.state.accounts[1].protection is None


def test_takers_do_not_count(maker) -> None:
    maker.sell(3, 49_900, 2)
    events = maker.buy(1, 49_900, 1, tif=TimeInForce.IOC)
    assert not any(isinstance(event, ProtectionTripped) for event in events)


def test_fill_or_kill_does_not_count_on_what_protection_may_take_away(maker) -> None:
    step = maker.order(3, 0, Side.BID, 50_200, 0.9, TimeInForce.FOK)
    assert reason_of(maker, step) == Reason.FILL_OR_KILL_UNFILLED
    maker.do(maker.order(3, 0, Side.BID, 50_200, 0.3, TimeInForce.FOK))


def test_a_limit_needs_a_window(venue) -> None:
    step = venue.signed(steps.SET_PROTECTION, 1, limit=1, window=0, freeze=0)
    assert reason_of(venue, step) == Reason.MALFORMED
