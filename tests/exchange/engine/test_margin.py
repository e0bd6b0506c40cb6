"""Margin by hand, and the shortcut against the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import MarginReport, Reason, Rejected, assess, steps
from exchange.engine.pricing import LINEAR_MOVES
from exchange.engine.requirements import scan_loss, scan_loss_alone, worst_profit
from exchange.state import Side
from exchange.state.account import Position
from exchange.state.market import MarketKind
from exchange.state.pricing import Pricing
from tests.exchange.engine.derivatives import MARKETS, NEAR, Derivatives, market

UNIT = 10**8
USD = 10**6
SCALE = 10**10


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def test_a_long_by_hand(venue) -> None:
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    venue.price(btc=49_000)
    # cash 100,000 - 0.05 % of 100,000; loses 2 x 1,000; scan range 10 % of 98,000
    assert assess(venue.state, 2) == MarginReport(
        account=2,
        cash=99_950 * USD,
        collateral=0,
        unrealised=-2_000 * USD,
        equity=97_950 * USD,
        initial=9_800 * USD,
        maintenance=5_880 * USD,
        transfer=10_780 * USD,
        withdrawable=(97_950 - 10_780) * USD,
        stale=False,
        backing=97_950 * USD,
    )
    # The short gained 2,000, which counts for new risk and does not leave; its maker fee was 0.02 %.
    report = assess(venue.state, 1)
    assert (report.equity, report.unrealised) == ((100_000 - 20 + 2_000) * USD, 2_000 * USD)
    assert report.withdrawable == (100_000 - 20 - 10_780) * USD


def test_collateral_counts_after_its_haircut(venue) -> None:
    account = venue.open_account(usd=0, weth=10)
    # 10 ETH at 3,000 less 10 %
    assert assess(venue.state, account).collateral == 27_000 * USD
    venue.buy(account, 50_000, 5)  # 25,000 initial and 125 for the fee
    assert assess(venue.state, account).initial == 25_000 * USD
    assert reason_of(venue, venue.order(account, 0, Side.BID, 50_000, 1)) == Reason.INSUFFICIENT_MARGIN


def test_collateral_that_was_never_priced_counts_nothing(venue_type) -> None:
    venue = venue_type()
    venue.price(btc=50_000)
    account = venue.open_account(usd=0, weth=10)
    assert assess(venue.state, account).collateral == 0
    assert reason_of(venue, venue.order(account, 0, Side.BID, 50_000, 0.01)) == Reason.INSUFFICIENT_MARGIN


def test_the_last_dollar(venue) -> None:
    account = venue.open_account(usd=5_025)
    # initial 5,000 and fee 25 for one BTC at the mark
    assert reason_of(venue, venue.order(account, 0, Side.BID, 50_000, 1.001)) == Reason.INSUFFICIENT_MARGIN
    venue.buy(account, 50_000, 1)
    short_by_one = venue.open_account(usd=5_024.999999)
    assert reason_of(venue, venue.order(short_by_one, 0, Side.BID, 50_000, 1)) == Reason.INSUFFICIENT_MARGIN


def test_a_bad_limit_costs_what_it_loses(venue) -> None:
    # 1 BTC bid at 52,000: 2,000 lost at once, 5,000 scan loss, fee 26
    account = venue.open_account(usd=7_025.999999)
    assert reason_of(venue, venue.order(account, 0, Side.BID, 52_000, 1)) == Reason.INSUFFICIENT_MARGIN
    venue.deposit(account, 0, 1)
    venue.buy(account, 52_000, 1)


def test_a_good_limit_saves_nothing(venue) -> None:
    account = venue.open_account(usd=5_019.999999)
    assert reason_of(venue, venue.order(account, 0, Side.BID, 40_000, 1)) == Reason.INSUFFICIENT_MARGIN
    venue.deposit(account, 0, 1)
    venue.buy(account, 40_000, 1)


def test_open_orders_count_at_their_worst_side(venue) -> None:
    venue.buy(1, 49_000, 2)
    assert assess(venue.state, 1).initial == 10_000 * USD
    venue.sell(1, 51_000, 1)
    assert assess(venue.state, 1).initial == 10_000 * USD
    venue.sell(1, 51_000, 2)
    assert assess(venue.state, 1).initial == 15_000 * USD


def test_underlyings_are_never_netted(venue) -> None:
    venue.buy(1, 49_000, 1)
    venue.sell(1, 3_050, 10, market=1)
    assert assess(venue.state, 1).initial == (5_000 + 3_000) * USD


def test_markets_of_one_underlying_are_netted_by_scenario(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000, eth=3_000)
    first, second = venue.open_account(usd=10**6), venue.open_account(usd=10**6)
    venue.sell(first, 50_000, 3)
    venue.buy(second, 50_000, 3)
    venue.buy(first, 50_000, 0.7, market=2)
    venue.sell(second, 50_000, 0.7, market=2)
    assert assess(venue.state, first).initial == (15_000 + 10_500) * USD  # market by market
    for account in (first, second):
        venue.do(venue.signed(steps.SET_FLAGS, account, flags=4))
    # short 3 against long 0.7 x multiplier 3, at 10 %
    assert assess(venue.state, first).initial == 4_500 * USD
    # the larger maintenance factor of the two counts
    assert assess(venue.state, first).maintenance == 4_500 * 700_001


def test_under_water_only_what_closes_is_allowed(venue) -> None:
    account = venue.open_account(usd=5_025)
    venue.sell(1, 50_000, 1)
    venue.buy(account, 50_000, 1)
    venue.price(btc=48_000)
    report = assess(venue.state, account)
    assert report.maintenance <= report.equity < report.initial
    assert reason_of(venue, venue.order(account, 0, Side.BID, 48_000, 0.001)) == Reason.INSUFFICIENT_MARGIN
    assert reason_of(venue, venue.order(account, 1, Side.ASK, 3_000, 0.01)) == Reason.INSUFFICIENT_MARGIN
    assert reason_of(venue, venue.order(account, 0, Side.ASK, 48_000, 1.001)) == Reason.INSUFFICIENT_MARGIN
    venue.sell(account, 49_000, 0.6)
    assert reason_of(venue, venue.order(account, 0, Side.ASK, 49_000, 0.401)) == Reason.INSUFFICIENT_MARGIN
    venue.sell(account, 49_000, 0.4)


def test_makers_are_not_checked_at_the_fill(venue) -> None:
    account = venue.open_account(usd=5_025)
    venue.buy(account, 50_000, 1)
    venue.price(btc=46_000)
    venue.sell(1, 50_000, 1)
    report = assess(venue.state, account)
    assert report.equity == (5_025 - 10 - 4_000) * USD
    assert report.is_liquidatable


FACTORS = st.integers(0, 2_000_000)
QUANTITY = st.one_of(st.just(0), st.integers(1, 2**53 - 1))
NOTIONAL = st.one_of(st.just(0), st.integers(1, 2**63 - 1))
POSITION = st.builds(
    Position, st.integers(-(2**53), 2**53), st.just(0), st.just(0), QUANTITY, QUANTITY, NOTIONAL, NOTIONAL
)


def pricing(mark: int, scan_range: int, multiplier: int, *, alone: bool) -> Pricing:
    scan = tuple(mark * scan_range * multiplier * up // (10**6 * down) for up, down in LINEAR_MOVES)
    return Pricing(0, mark, mark * multiplier, min(scan), max(scan), scan, 1, 0, 0, alone)


@given(POSITION, st.integers(1, 2**50 - 1), st.integers(1, 10**6), st.integers(1, 1000))
def test_the_ends_of_the_risk_array_suffice(position: Position, mark: int, scan_range: int, multiplier: int) -> None:
    priced = pricing(mark, scan_range, multiplier, alone=True)
    assert scan_loss_alone(position, priced) == scan_loss([(position, priced)])


@given(POSITION, st.integers(1, 2**50 - 1), st.integers(-(2**60), 2**60))
def test_worst_profit_is_the_documented_formula(position: Position, value: int, risk: int) -> None:
    q, b, k = position.size, position.bid_quantity, position.ask_quantity
    big_b, big_k = position.bid_notional * SCALE, position.ask_notional * SCALE
    if not b:
        big_b = 0
    if not k:
        big_k = 0
    bids = b * risk + min(0, b * value - big_b)
    asks = -k * risk + min(0, big_k - k * value)
    assert worst_profit(position, value, risk) == q * risk + min(0, bids, asks)


@given(POSITION, QUANTITY, st.integers(1, 2**50 - 1), st.integers(1, 10**6))
def test_limits_never_count_better_than_the_mark(position: Position, more: int, mark: int, scan_range: int) -> None:
    priced = pricing(mark, scan_range, 1, alone=True)
    required = scan_loss_alone(position, priced)
    free_limits = Position(position.size, 0, 0, position.bid_quantity, position.ask_quantity, 0, 2**80)
    at_the_mark = scan_loss_alone(free_limits, priced)
    assert required >= at_the_mark >= scan_loss_alone(Position(position.size), priced)
    free_limits.bid_quantity += more
    assert scan_loss_alone(free_limits, priced) >= at_the_mark


def test_a_short_option_far_from_the_money_requires_its_minimum() -> None:
    """No scenario reaches a strike at twice the index; a tenth of the scan range of the index is held all the same."""
    venue = Derivatives((*MARKETS, market(MarketKind.CALL, expiry=NEAR, strike=100_000 * UNIT)))
    far = len(MARKETS)
    venue.tick(50_000)
    buyer, seller = (venue.open_account(usd=10_000) for _ in range(2))
    venue.sell(seller, 0.1, 2, market=far)
    venue.buy(buyer, 0.1, 2, market=far)
    position = venue.state.accounts[seller].positions[far]
    assert position.size == -2 * UNIT
    assert scan_loss_alone(position, venue.state.pricing[far]) < 100 * USD * 10**10
    assert assess(venue.state, seller).initial == 2 * 500 * USD
    assert assess(venue.state, buyer).initial < USD
