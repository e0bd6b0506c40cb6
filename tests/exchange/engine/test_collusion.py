"""Several accounts of one owner against the insurance fund: what one loses the others may not gain from the venue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.engine import Reason, Rejected, assess, requirements, steps
from exchange.state import Side, TimeInForce

USD = 10**6


def equity(venue, *accounts: int) -> int:
    """Together, in 1e-6 USD."""
    return sum(assess(venue.state, account).equity for account in accounts)


@pytest.fixture
def losing(venue_type):
    """Account 2 is long 1,000 at 100 with 10 % margin and has lost four of it; 1 and 3 are rich."""
    venue = venue_type()
    venue.price(btc=100, eth=3_000)
    venue.open_account(usd=1_000_000)
    venue.open_account(usd=10_200)
    venue.open_account(usd=200_000)
    venue.sell(1, 100, 1_000)
    venue.buy(2, 100, 1_000)
    venue.price(btc=96)
    assert not assess(venue.state, 2).is_liquidatable
    return venue


def test_a_loser_cannot_sell_to_a_friend_below_bankruptcy(losing) -> None:
    losing.buy(3, 86.4, 1_000)
    with pytest.raises(Rejected) as refused:
        losing.sell(2, 86.4, 1_000, tif=TimeInForce.IOC)
    assert refused.value.reason == Reason.INSUFFICIENT_MARGIN
    # What it can pay for is still its own affair.
    losing.buy(3, 90, 1_000)
    losing.sell(2, 90, 1_000, tif=TimeInForce.IOC)
    assert 0 <= equity(losing, 2) < 200 * USD


def test_nor_bit_by_bit_from_orders_that_rest(losing) -> None:
    """Each order alone is affordable, and a far one on the same side makes their average look harmless."""
    losing.sell(2, 5_000, 1)
    for _ in range(9):
        losing.apply(losing.order(2, 0, Side.ASK, 86.4, 99.9))
    for _ in range(9):
        losing.apply(losing.order(3, 0, Side.BID, 86.4, 99.9, TimeInForce.IOC))
    assert equity(losing, 2) >= 0


def test_a_friend_cannot_take_part_of_a_position_below_its_maintenance(losing) -> None:
    with pytest.raises(Rejected):
        losing.sell(2, 86.4, 500, tif=TimeInForce.IOC)
    losing.sell(2, 96, 500, tif=TimeInForce.IOC)


def test_closing_at_the_mark_needs_no_margin_even_under_water(losing) -> None:
    losing.price(btc=85)
    assert assess(losing.state, 2).equity < 0
    losing.buy(3, 85, 1_000)
    losing.sell(2, 85, 1_000, tif=TimeInForce.IOC)
    assert not losing.state.accounts[2].positions


@pytest.mark.parametrize("orders", [((0.1, 100), (110, 1_000)), ((110, 600), (0.1, 60), (110, 400))])
def test_far_orders_do_not_pay_for_one_beyond_the_mark(venue_type, orders) -> None:
    """A bid at the band and some next to nothing have a harmless average, and a friend takes only the first."""
    venue = venue_type()
    venue.price(btc=100, eth=3_000)
    venue.open_account(usd=15_000)
    venue.open_account(usd=60_000)
    for price, size in orders[:-1]:
        venue.buy(1, price, size)
    with pytest.raises(Rejected) as refused:
        venue.buy(1, *orders[-1])
    assert refused.value.reason == Reason.INSUFFICIENT_MARGIN


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_margin_that_an_average_sets_free_cannot_be_withdrawn(venue_type, side: str) -> None:
    narrow = replace(venue_type.MARKETS[0], scan_range=50_000)
    venue = venue_type((narrow, venue_type.MARKETS[1]))
    venue.price(btc=100, eth=3_000)
    venue.open_account(usd=100_000)
    venue.open_account(usd=100_000)
    if side == "bid":
        venue.buy(1, 110, 1_000)
        venue.buy(1, 0.1, 100)
    else:
        venue.sell(1, 90, 1_000)
        venue.sell(1, 2_000, 10)
    free = assess(venue.state, 1).withdrawable
    with pytest.raises(Rejected) as refused:
        venue.do(venue.withdraw(1, 0, free + 1))
    assert refused.value.reason == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.withdraw(1, 0, free))
    venue.sell(2, 110, 1_000) if side == "bid" else venue.buy(2, 90, 1_000)
    report = assess(venue.state, 1)
    assert report.equity >= report.maintenance > 0


def test_orders_behind_the_mark_are_free_of_all_that(venue) -> None:
    for step in range(1, 5):
        venue.buy(1, 50_000 - 1_000 * step, 1)
        venue.sell(1, 50_000 + 1_000 * step, 1)
    assert assess(venue.state, 1).withdrawable == 100_000 * USD - assess(venue.state, 1).transfer


def test_dropping_a_hedge_needs_the_margin_of_what_stays(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000, eth=3_000)
    venue.open_account(usd=1_000_000)
    venue.open_account(usd=4_000)
    venue.do(venue.signed(steps.SET_FLAGS, 2, flags=4))
    venue.sell(1, 50_000, 3)
    venue.buy(1, 50_000, 1, market=2)
    for _ in range(30):
        venue.buy(2, 50_000, 0.09)
        venue.sell(2, 50_000, 0.03, market=2)
    # Nothing but a tenth of what each would require alone.
    assert assess(venue.state, 2).initial == 2_700 * USD
    venue.sell(1, 50_000, 1, market=2)
    with pytest.raises(Rejected) as refused:
        venue.buy(2, 50_000, 0.9, market=2)
    assert refused.value.reason == Reason.INSUFFICIENT_MARGIN
    # In steps that its margin allows it may leave both.
    venue.buy(1, 50_000, 3)
    for _ in range(30):
        venue.buy(2, 50_000, 0.03, market=2)
        venue.sell(2, 50_000, 0.09)
    assert not venue.state.accounts[2].positions


@pytest.fixture
def hedged(venue_type, monkeypatch):
    """Account 2 is long 4 in one BTC market and short 4 in another of the same kind, without the gross floor."""
    monkeypatch.setattr(requirements, "GROSS_SHARE", 10**12)
    markets = venue_type.MARKETS
    venue = venue_type((*markets[:2], replace(markets[0], symbol="BTC-2-PERP")))
    venue.price(btc=50_000, eth=3_000)
    venue.open_account(usd=10_000_000)
    venue.open_account(usd=1_000)
    venue.open_account(usd=1_000_000)
    venue.do(venue.signed(steps.SET_FLAGS, 2, flags=4))
    venue.sell(1, 50_000, 5)
    venue.buy(1, 50_000, 4, market=2)
    for _ in range(100):
        venue.buy(2, 50_000, 0.04)
        venue.sell(2, 50_000, 0.04, market=2)
    venue.do(venue.cancel_all(1))
    return venue


@pytest.mark.parametrize("usd", [47_000, 45_000])
def test_a_liquidation_never_takes_a_hedge_away(hedged, usd: int) -> None:
    """A friend who trades two per cent from the mark would have the fund pay for closing what has no risk."""
    hedged.sell(1, 50_000, 0.01)
    hedged.buy(2, 50_000, 0.01)
    hedged.do(hedged.withdraw(2, 0, assess(hedged.state, 2).withdrawable))
    hedged.deposit(0, 0, 100 * USD)
    hedged.price(btc=usd)
    assert assess(hedged.state, 2).is_liquidatable
    hedged.buy(3, usd * 0.98 + 1, 10)
    hedged.sell(3, usd * 1.02 - 1, 10, market=2)
    with pytest.raises(Rejected) as refused:
        hedged.do(steps.liquidate(2, 2))
    assert refused.value.reason == Reason.NOTHING_TO_LIQUIDATE
    hedged.do(steps.liquidate(2, 0))
    sizes = {market: position.size for market, position in hedged.state.accounts[2].positions.items()}
    assert sizes[2] == -4 * 10**8
    assert 4 * 10**8 <= sizes[0] < 4.01 * 10**8
    assert assess(hedged.state, 2).maintenance < 30 * USD
    assert assess(hedged.state, 2).equity > -20 * USD
