"""Liquidation and cover by hand."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Covered,
    Filled,
    Liquidated,
    Reason,
    RegisterOpened,
    Rejected,
    RemainderDropped,
    assess,
    set_clock,
    steps,
    waterfall,
)
from exchange.state import Side
from exchange.state.account import Position

UNIT = 10**8
USD = 10**6
WETH = 2


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def long_account(venue) -> int:
    """Account 3: 10,000 USD, long 1.6 BTC from 50,000 (fee 40); account 4, rich, stands on both sides."""
    account = venue.open_account(usd=10_000)
    venue.open_account(usd=10_000_000)
    venue.sell(1, 50_000, 1.6)
    venue.buy(account, 50_000, 1.6)
    return account


def test_a_healthy_account_is_left_alone(venue, long_account) -> None:
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.NOT_LIQUIDATABLE


def test_a_liquidation_by_hand(venue, long_account) -> None:
    venue.price(btc=46_500)
    venue.buy(4, 46_400, 5)
    # equity 9,960 - 1.6 x 3,500 = 4,360; maintenance 60 % of 10 % of 74,400 = 4,464
    report = assess(venue.state, long_account)
    assert (report.equity, report.maintenance) == (4_360 * USD, 4_464 * USD)
    liquidated, fill = venue.do(steps.liquidate(long_account, 0))
    # Closing c at the worst price of 45,570 costs c x (930 + 0.5 % of 45,570 = 227.85) and frees c x 2,790:
    # c = (104 + rounding) / (2,790 - 1,157.85) = 0.06372, in lots of 0.001: 0.064
    assert liquidated == Liquidated(3, 0, 4_360 * USD, 4_464 * USD, 64 * UNIT // 1000, 45_570 * UNIT)
    assert isinstance(fill, Filled)
    assert (fill.price, fill.size, fill.maker, fill.liquidation) == (46_400 * UNIT, 64 * UNIT // 1000, 4, True)
    # 0.5 % of 0.064 x 46,400 goes to the fund, nothing to the market but the maker's 0.02 %
    assert fill.taker_fee == venue.state.accounts[0].cash == 14_848_000
    report = assess(venue.state, long_account)
    assert report.equity == 4_360 * USD - 6_400_000 - 14_848_000
    assert report.maintenance == 4_285_440_000
    assert report.equity >= report.maintenance
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.NOT_LIQUIDATABLE


def test_a_short_is_liquidated_the_other_way(venue) -> None:
    account = venue.open_account(usd=10_000)
    venue.open_account(usd=10_000_000)
    venue.buy(1, 50_000, 1.6)
    venue.sell(account, 50_000, 1.6)
    venue.price(btc=53_500)
    venue.sell(4, 53_600, 5)
    liquidated, fill = venue.do(steps.liquidate(account, 0))
    assert liquidated.limit == 54_570 * UNIT
    assert (fill.taker_side, fill.price) == (Side.BID, 53_600 * UNIT)
    report = assess(venue.state, account)
    assert report.equity >= report.maintenance


def test_orders_die_first_and_may_suffice(venue, long_account) -> None:
    venue.buy(long_account, 2_900, 3, market=1)
    (placed,) = venue.sell(long_account, 60_000, 0.5)
    venue.price(btc=46_600, eth=3_000)
    # equity 4,520 covers 4,473.6 of the position, not the 540 of the ETH bid with it
    assert assess(venue.state, long_account).is_liquidatable
    assert venue.do(steps.liquidate(long_account, 0)) == [
        Liquidated(3, 0, 4_520 * USD, 5_013_600_000, 0, 45_668 * UNIT)
    ]
    assert venue.state.accounts[3].order_epoch == 1
    assert venue.state.accounts[3].positions == {0: Position(16 * UNIT // 10, 80_000 * USD)}
    (removed,) = venue.do(venue.cancel(3, 0, placed.slot, placed.sequence))
    assert removed.remaining == UNIT // 2


def test_nothing_to_liquidate(venue, long_account) -> None:
    venue.price(btc=46_500, eth=3_000)
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.NOTHING_TO_LIQUIDATE
    assert reason_of(venue, steps.liquidate(long_account, 1)) == Reason.NOTHING_TO_LIQUIDATE
    venue.buy(4, 45_569.9, 1)  # a cent below the slippage bound
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.NOTHING_TO_LIQUIDATE
    venue.buy(4, 45_570, 1)
    venue.do(steps.liquidate(long_account, 0))


def test_a_thin_book_leaves_a_remainder_for_later(venue, long_account) -> None:
    venue.price(btc=46_500)
    venue.buy(4, 46_400, 0.03)
    events = venue.do(steps.liquidate(long_account, 0))
    assert events[-1] == RemainderDropped(3, 0, 0, 34 * UNIT // 1000)
    assert venue.state.markets[0].register == 0
    venue.buy(4, 46_400, 1)
    venue.do(steps.liquidate(long_account, 0))
    assert not assess(venue.state, long_account).is_liquidatable


def test_a_liquidation_continues_through_the_register(venue, long_account) -> None:
    venue.price(btc=46_500)
    for _ in range(12):
        venue.buy(4, 46_400, 0.005)
    events = venue.do(steps.liquidate(long_account, 0))
    assert events[-1] == RegisterOpened(0, 3, 24 * UNIT // 1000)
    venue.do(venue.cancel_all(long_account))  # cannot stop it
    events = venue.do(steps.continue_register(0))
    assert [event.size for event in events[:-1]] == [5 * UNIT // 1000] * 4
    assert venue.state.markets[0].register == 0


def test_a_hopeless_account_loses_all_and_is_covered(venue, long_account) -> None:
    venue.deposit(0, 0, 1_000 * USD)
    venue.price(btc=43_000)
    venue.buy(4, 43_149, 5)
    # 9,960 - 1.6 x 7,000 is 240 less than the fund can pay: nobody gets it for less than 150 above the mark.
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.NOTHING_TO_LIQUIDATE
    venue.buy(4, 43_150, 5)
    liquidated, fill, covered = venue.do(steps.liquidate(long_account, 0))
    account, fund = venue.state.accounts[3], venue.state.accounts[0]
    assert liquidated.limit == fill.price == 43_150 * UNIT
    # The fee of 345.20 goes to the fund and comes back.
    assert covered == Covered(3, (), 1_345_200_000, 1_345_200_000)
    assert (account.cash, account.positions, fund.cash) == (0, {}, 0)
    assert reason_of(venue, steps.cover(3)) == Reason.NOTHING_TO_COVER


def test_stale_rounds_liquidate_nobody(venue, long_account) -> None:
    venue.price(btc=46_500)
    venue.buy(4, 46_400, 1)
    set_clock(venue.state, venue.state.header.clock + 61)
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.STALE_MARK
    venue.price(btc=46_500)
    assert reason_of(venue, steps.liquidate(long_account, 0)) == Reason.GRACE_PERIOD
    set_clock(venue.state, venue.state.header.clock + 59)
    venue.price(btc=46_500)
    venue.do(steps.liquidate(long_account, 0))


@pytest.mark.parametrize("rule", ["kept", "broken"])
def test_an_outage_of_what_prices_collateral_gives_grace_too(venue, monkeypatch, rule: str) -> None:
    """Ether was silent and comes back far lower, bitcoin never was: its owner acts first all the same."""
    account = venue.open_account(usd=1, weth=3)
    venue.open_account(usd=10_000_000)
    venue.sell(1, 50_000, 1.5)
    venue.buy(account, 50_000, 1.5)
    venue.buy(4, 50_000, 5)
    for _ in range(3):
        venue.wait(30)
        venue.price(btc=50_000)
    venue.price(btc=50_000, eth=1_600)
    assert assess(venue.state, account).is_liquidatable
    if rule == "broken":
        monkeypatch.setattr(waterfall, "require_collateral_grace_over", lambda *_: None)
        venue.do(steps.liquidate(account, 0))
        return
    for _ in range(2):
        assert reason_of(venue, steps.liquidate(account, 0)) == Reason.GRACE_PERIOD
        venue.wait(29)
        venue.price(btc=50_000, eth=1_600)
    venue.do(steps.liquidate(account, 0))


def test_collateral_that_was_never_priced_shields_nobody(venue_type) -> None:
    venue = venue_type()
    venue.price(btc=50_000)
    for cash in (6_000, 100_000):
        venue.open_account(usd=cash)
    venue.deposit(1, WETH, 10**18)
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.price(btc=46_000)
    venue.buy(2, 46_000, 1)
    venue.do(steps.liquidate(1, 0))


def test_a_stale_collateral_liquidates_nobody(venue) -> None:
    account = venue.open_account(usd=1, weth=3)
    venue.open_account(usd=10_000_000)
    venue.sell(1, 50_000, 1.5)
    venue.buy(account, 50_000, 1.5)
    set_clock(venue.state, venue.state.header.clock + 61)
    venue.price(btc=47_000)
    venue.buy(4, 47_000, 5)
    assert reason_of(venue, steps.liquidate(account, 0)) == Reason.STALE_MARK
    venue.price(btc=47_000, eth=2_900)
    assert reason_of(venue, steps.liquidate(account, 0)) == Reason.GRACE_PERIOD
    set_clock(venue.state, venue.state.header.clock + 59)
    venue.price(btc=47_000, eth=2_900)
    venue.do(steps.liquidate(account, 0))


def test_cover_sells_collateral_to_the_fund_at_the_haircut_price(venue) -> None:
    account = venue.open_account(usd=0, weth=3)
    venue.open_account(usd=10_000_000)
    venue.deposit(0, 0, 50_000 * USD)
    venue.sell(1, 50_000, 1)
    venue.buy(account, 50_000, 1)  # fee 25
    venue.price(btc=48_000, eth=3_000)
    venue.buy(4, 48_000, 1)
    venue.sell(account, 48_000, 1)  # loses 2,000, fee 24
    assert venue.state.accounts[3].cash == -2_049 * USD
    (covered,) = venue.do(steps.cover(3))
    # 2,049 / (3,000 x 0.9) ETH, rounded up
    amount = -(-2_049 * 10**18 // 2_700)
    assert covered == Covered(3, ((WETH, amount),), 2_049 * USD, 0)
    assert venue.state.accounts[3].cash == 0
    assert venue.state.accounts[3].collateral == {WETH: 3 * 10**18 - amount}
    assert venue.state.accounts[0].collateral == {WETH: amount}
    assert venue.state.accounts[0].cash == (50_000 - 2_049) * USD


def test_cover_takes_all_collateral_before_it_gives(venue) -> None:
    account = venue.open_account(usd=0, weth=3)
    venue.open_account(usd=10_000_000)
    venue.deposit(0, 0, 50_000 * USD)
    venue.sell(1, 50_000, 1)
    venue.buy(account, 50_000, 1)
    venue.price(btc=40_000, eth=2_000)
    venue.buy(4, 40_000, 1)
    # It owes 25, 10,000 and 200; what its collateral of 5,400 does not pay is paid at once.
    assert venue.do(steps.liquidate(3, 0))[-1] == Covered(3, (), 4_825 * USD, 4_825 * USD)
    (covered,) = venue.do(steps.cover(3))
    assert covered == Covered(3, ((WETH, 3 * 10**18),), 5_400 * USD, 0)
    assert venue.state.accounts[3].collateral == {}


def test_cover_needs_a_fresh_price_and_no_open_business(venue) -> None:
    account = venue.open_account(usd=0, weth=3)
    venue.deposit(0, 0, 50_000 * USD)
    venue.sell(1, 50_000, 1)
    venue.buy(account, 50_000, 1)
    assert venue.state.accounts[3].cash < 0
    assert reason_of(venue, steps.cover(3)) == Reason.NOTHING_TO_COVER
    assert reason_of(venue, steps.cover(1)) == Reason.NOTHING_TO_COVER
    venue.buy(1, 50_000, 1)
    venue.sell(account, 50_000, 1)
    set_clock(venue.state, venue.state.header.clock + 61)
    assert reason_of(venue, steps.cover(3)) == Reason.STALE_MARK
    venue.price(eth=3_000)
    venue.do(steps.cover(3))


@pytest.mark.parametrize("step", [steps.cover(77), steps.liquidate(77, 0)])
def test_nobody_there(venue, step: bytes) -> None:
    assert reason_of(venue, step) == Reason.ACCOUNT_UNKNOWN


def test_no_such_market(venue) -> None:
    for step in (steps.liquidate(1, 7), steps.reprice(7), steps.continue_register(7)):
        assert reason_of(venue, step) == Reason.MARKET_UNKNOWN
