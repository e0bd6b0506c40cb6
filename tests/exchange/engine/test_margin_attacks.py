"""Margin attacks of the incident list, each beside the one-line weakening that lets it through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.engine import (
    ForcedItem,
    Reason,
    Rejected,
    apply_forced,
    assess,
    equity,
    invariants,
    margin,
    requirements,
    simulate_withdrawal,
    steps,
)
from exchange.engine import placing as placing_rules
from exchange.state import BACKSTOP
from exchange.state.account import Position

UNIT = 10**8
USD = 10**6
USDC_A, USDC_B, WETH = 0, 1, 2


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def report_health(venue, asset: int, status: int, at: int | None = None):
    item = ForcedItem(
        kind=4,
        account=0,
        owner=bytes(20),
        asset=asset,
        amount=status,
        packet_id=bytes(32),
        enqueued_at=venue.state.header.clock if at is None else at,
    )
    events = apply_forced(venue.state, item)
    invariants.check(venue.state)
    return events[0]


def mango(venue) -> int:
    """A wash pair at 100, the oracle ramped to 400; returns what the winner may withdraw, in cash units."""
    venue.state.underlyings[0].deviation = 10**7
    venue.price(btc=100, eth=3_000)
    venue.open_account(usd=5_000)
    venue.open_account(usd=5_000)
    venue.sell(1, 100, 400)
    venue.buy(2, 100, 400)
    venue.price(btc=400)
    assert assess(venue.state, 2).unrealised == 120_000 * USD
    return assess(venue.state, 2).withdrawable


def test_d1_unrealised_profit_does_not_leave(venue_type) -> None:
    venue = venue_type()
    assert mango(venue) == 0
    assert reason_of(venue, venue.withdraw(2, USDC_A, 1)) == Reason.INSUFFICIENT_MARGIN


def test_d1_counting_it_gives_the_venue_away(venue_type, monkeypatch) -> None:
    venue = venue_type()
    mango(venue)
    monkeypatch.setattr(margin, "min", lambda _zero, profit: profit, raising=False)
    venue.do(venue.withdraw(2, USDC_A, 4_000 * USD))


@pytest.mark.parametrize("is_broken", [False, True])
def test_d1_a_pump_of_collateral_frees_no_margin(venue, monkeypatch, is_broken: bool) -> None:  # noqa: FBT001
    """The index tripled a second ago; its slow average has not moved, and that is what backs new risk."""
    venue.state.underlyings[1].deviation = 10**7
    account = venue.open_account(usd=0, weth=10)
    if is_broken:
        monkeypatch.setattr(margin, "backing_collateral", equity.total_collateral)
    venue.price(eth=9_000)
    order = venue.order(account, 0, 0, 50_000, 6)
    if is_broken:
        venue.do(order)
    else:
        assert reason_of(venue, order) == Reason.INSUFFICIENT_MARGIN
    assert assess(venue.state, account).collateral == 81_000 * USD


def sybils(venue_type, accounts: int) -> int:
    """How much open interest many small accounts reach together with 10,000 USD each at 1,000, in units."""
    spec = replace(
        venue_type.MARKETS[0],
        margin_floor=1_000 * UNIT,
        margin_ceiling=2_000 * UNIT,
        margin_growth=4_000_000,
        open_interest_cap=10_000 * UNIT,
    )
    venue = venue_type((spec, venue_type.MARKETS[1]))
    venue.price(btc=1_000, eth=3_000)
    venue.open_account(usd=100_000_000)
    for number in range(accounts):
        account = venue.open_account(usd=10_000)
        for _ in range(2):
            venue.sell(1, 1_000, 45)
            venue.apply(venue.order(account, 0, 0, 1_000, 45))
            venue.do(venue.cancel_all(1))
            venue.do(venue.cancel_all(2 + number))
    return venue.state.markets[0].open_interest // UNIT


def test_d2_many_accounts_reach_no_more_than_one(venue_type, monkeypatch) -> None:
    """The requirement rises with all open interest at once, within a round already."""
    bounded = sybils(venue_type, 40)
    monkeypatch.setattr(placing_rules, "growth_at", lambda *_: 10**6)
    assert sybils(venue_type, 40) == 3_600
    assert bounded < 2_500


def test_d2_the_rise_holds_profits_back_too(venue_type) -> None:
    spec = replace(venue_type.MARKETS[0], margin_floor=0, margin_ceiling=100 * UNIT, margin_growth=1_000_000)
    venue = venue_type((spec, venue_type.MARKETS[1]))
    venue.price(btc=1_000, eth=3_000)
    venue.open_account(usd=100_000)
    venue.open_account(usd=100_000)
    venue.sell(1, 1_000, 100)
    venue.buy(2, 1_000, 100)
    before = assess(venue.state, 2)
    venue.price(btc=1_000)
    after = assess(venue.state, 2)
    assert (after.initial, after.transfer) == (2 * before.initial, 2 * before.transfer)
    assert after.maintenance == before.maintenance


def test_d3_a_winner_cannot_withdraw_itself_into_liquidation(venue) -> None:
    venue.sell(1, 50_000, 10)
    venue.buy(2, 50_000, 10)
    venue.price(btc=54_000)
    free = assess(venue.state, 2).withdrawable
    assert simulate_withdrawal(venue.state, 2, asset=USDC_A, amount=free + 1).reason == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.withdraw(2, USDC_A, free))
    report = assess(venue.state, 2)
    assert report.equity - report.unrealised >= report.transfer > report.maintenance


def test_d3_large_positions_are_liquidated_earlier(venue_type, monkeypatch) -> None:
    """Who holds more than a tenth of a market's cap requires more, and maintains more."""
    spec = replace(venue_type.MARKETS[0], open_interest_cap=20 * UNIT)
    venue = venue_type((spec, venue_type.MARKETS[1]))
    venue.price(btc=50_000, eth=3_000)
    venue.open_account(usd=1_000_000)
    venue.open_account(usd=1_000_000)
    venue.sell(1, 50_000, 11)
    venue.buy(2, 50_000, 11)
    # 11 is half way from 2 to 20
    assert assess(venue.state, 2).maintenance == 55_000 * USD * 6 // 10 * 3 // 2
    monkeypatch.setattr(requirements, "concentration_addon", lambda *_: 0)
    assert assess(venue.state, 2).maintenance == 33_000 * USD


@pytest.mark.parametrize("pump", [1.1, 1.4])
def test_d12_two_accounts_together_never_take_more_than_they_brought(venue, pump: float) -> None:
    """They trade with each other, pump and dump, and withdraw what the venue lets them: never above the deposits."""
    venue.state.underlyings[0].deviation = 10**7
    for price in (50_000, 50_000 * pump, 50_000 / pump, 50_000):
        venue.price(btc=price, eth=3_000)
        for buyer, seller in ((1, 2), (2, 1)):
            venue.apply(venue.order(seller, 0, 1, round(price), 3))
            venue.apply(venue.order(buyer, 0, 0, round(price), 3, tif=1))
        for account in (1, 2):
            free = assess(venue.state, account).withdrawable
            if free:
                venue.apply(venue.withdraw(account, USDC_A, free))
    out = sum(withdrawal.amount for withdrawal in venue.state.withdrawals)
    fees = sum(market.fees for market in venue.state.markets)
    left = sum(assess(venue.state, account).equity for account in (1, 2))
    assert out + left + fees == 200_000 * USD


def test_d13_health_holds_after_the_last_statement(venue) -> None:
    """Whatever an accepted order did, its account meets the initial requirement when the step is over."""
    for size in (0.5, 5, 19.8):
        for side in (0, 1):
            venue.apply(venue.order(2, 0, 1 - side, 50_000, size))
            venue.apply(venue.order(1, 0, side, 50_000, size))
            for account in (1, 2):
                report = assess(venue.state, account)
                assert report.backing >= report.initial
        venue.do(venue.cancel_all(1))
        venue.do(venue.cancel_all(2))


def test_d23_a_sick_chain_backs_nothing_new_and_liquidates_nobody(venue) -> None:
    account = venue.open_account(usd=1_000, weth=10)
    venue.sell(1, 50_000, 5)
    venue.buy(account, 50_000, 5)
    before = assess(venue.state, account)
    assert report_health(venue, WETH, 1).health == 1
    after = assess(venue.state, account)
    # Nobody is liquidated at a zero mark.
    assert (after.equity, after.is_liquidatable) == (before.equity, False)
    assert after.backing == before.backing - 27_000 * USD
    assert reason_of(venue, venue.order(account, 0, 0, 50_000, 0.01)) == Reason.INSUFFICIENT_MARGIN
    # What reduces risk is always allowed.
    venue.buy(1, 50_000, 1)
    venue.sell(account, 50_000, 1)
    assert report_health(venue, WETH, 1).reason == Reason.NOTHING_CHANGES
    assert report_health(venue, WETH, 0).health == 0
    venue.buy(account, 49_000, 0.01)


def test_d23_without_health_unbacked_collateral_borrows_on(venue, monkeypatch) -> None:
    account = venue.open_account(usd=1_000, weth=10)
    monkeypatch.setattr(margin, "backing_collateral", equity.total_collateral)
    report_health(venue, WETH, 1)
    venue.buy(account, 50_000, 5)


def sick_run(venue) -> list[int]:
    """A third of all cash is on a chain that is sick; two of three run to the healthy one, again and again."""
    venue.open_account()
    venue.deposit(3, USDC_B, 100_000 * USD)
    report_health(venue, USDC_B, 1)
    taken = [0, 0, 0]
    for _ in range(6):
        for account in (1, 2):
            free = assess(venue.state, account).withdrawable
            if free > 0:
                venue.do(venue.withdraw(account, USDC_A, free))
                taken[account - 1] += free
    taken[2] = assess(venue.state, 3).withdrawable
    return taken


def test_d23_nobody_runs_from_the_sick_bucket_into_the_healthy_one(venue) -> None:
    taken = sick_run(venue)
    # Two thirds are healthy: everybody's share, whoever comes first.
    assert taken[0] == taken[1] == 66_666_666_666
    assert taken[2] in (66_666_666_666, 66_666_666_667, 66_666_666_668)
    assert reason_of(venue, venue.withdraw(1, USDC_A, 10 * USD)) == Reason.BEYOND_HEALTHY_SHARE


def test_d23_without_memory_the_first_take_the_share_of_the_last(venue, monkeypatch) -> None:
    for module in ("exchange.engine.withdrawals",):
        monkeypatch.setattr(f"{module}.note_cash_taken", lambda *_: None)
    taken = sick_run(venue)
    assert taken[0] > 90_000 * USD
    assert taken[2] < 20_000 * USD


def test_portfolio_margin_nets_within_and_never_between_underlyings(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000, eth=3_000)
    account = venue.open_account(usd=1_000_000)
    other = venue.open_account(usd=10_000_000)
    venue.do(venue.signed(steps.SET_FLAGS, account, flags=4))
    venue.sell(other, 50_000, 3)
    venue.buy(account, 50_000, 3)
    venue.buy(other, 50_000, 1, market=2)
    venue.sell(account, 50_000, 1, market=2)
    # Long 3 against short 3: a tenth of what each requires alone, and no less.
    assert assess(venue.state, account).initial == 3_000 * USD
    venue.sell(account, 3_000, 50, market=1)
    venue.buy(other, 3_000, 50, market=1)
    assert assess(venue.state, account).initial == (3_000 + 15_000) * USD
    # Whoever goes back to standard margin must afford it.
    venue.do(venue.withdraw(account, USDC_A, assess(venue.state, account).withdrawable))
    step = venue.signed(steps.SET_FLAGS, account, flags=0)
    assert reason_of(venue, step) == Reason.INSUFFICIENT_MARGIN


def test_expiries_charge_for_what_is_long_in_one_and_short_in_another() -> None:
    from exchange.state.pricing import Pricing  # noqa: PLC0415

    def priced(expiry: int) -> Pricing:
        scan = (0, 0, *(5 * UNIT, -5 * UNIT) * 7)
        return Pricing(
            *(0, 50 * UNIT, 50 * UNIT, -5 * UNIT, 5 * UNIT, scan, 1, 600_000, 1_100_000, False),
            delta=UNIT,
            expiry=expiry,
            spread=UNIT // 2,
        )

    long, short = Position(size=3 * UNIT), Position(size=-2 * UNIT)
    assert requirements.expiry_charge([(long, priced(0)), (short, priced(0))]) == 0
    assert requirements.expiry_charge([(long, priced(0)), (short, priced(1))]) == 2 * UNIT * UNIT // 2
    joint = requirements.portfolio_loss([(long, priced(0)), (short, priced(1))])
    assert joint == (5 + 1) * UNIT * UNIT
    assert BACKSTOP == 1 << 24
