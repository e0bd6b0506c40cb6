"""Deleveraging takes the deficit to the unit, from several accounts at once, and leaves no debt behind."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import Reason, Rejected, StepRejected, assess, deleveraging, means, set_clock, steps
from exchange.engine.equity import equity_of
from exchange.state import BACKSTOP

UNIT = 10**8
USD = 10**6
WETH = 2


def thin(venue_type, **changed):
    """A market of one dollar in lots of a hundredth, without fees; prices may jump."""
    spec = replace(
        venue_type.MARKETS[0],
        **{
            "tick": UNIT // 1000,
            "lot": UNIT // 100,
            "min_size": UNIT // 100,
            "taker_fee": 0,
            "maker_fee": 0,
            "liquidation_fee": 0,
            "open_interest_cap": 10_000 * UNIT,
            **changed,
        },
    )
    venue = venue_type((spec, replace(venue_type.MARKETS[1], taker_fee=0, maker_fee=0, liquidation_fee=0)))
    for underlying in venue.state.underlyings:
        underlying.deviation = 10**7
    venue.price(btc=1, eth=3_000)
    return venue


def equities(venue) -> dict[int, int]:
    state = venue.state
    return {account: equity_of(state, deleveraging.settled_view(state, account)) for account in sorted(state.accounts)}


def settle_all(venue, order=None) -> None:
    for account in order or sorted(venue.state.accounts):
        venue.apply(steps.settle_deleveraging(account))


def debts(venue) -> dict[int, int]:
    return {account: equity for account, equity in equities(venue).items() if equity < 0}


@settings(deadline=None, max_examples=15)
@given(
    longs=st.lists(st.integers(1, 40_000), min_size=1, max_size=3),
    split=st.integers(1, 99),
    cash=st.tuples(st.integers(5, 40), st.integers(5, 40)),
    insurance=st.integers(0, 300 * USD),
    price=st.integers(1_300, 2_900),
)
def test_what_the_other_side_gives_and_the_fund_pays_is_the_deficit_to_the_unit(
    venue_type, longs: list[int], split: int, cash: tuple[int, int], insurance: int, price: int
) -> None:
    """Two shorts go under together; whatever the sizes, both end at exactly zero and nobody else owes."""
    venue = thin(venue_type)
    whole = sum(longs)
    first = max(1, whole * split // 100)
    sizes = [size for size in (first, whole - first) if size]
    shorts = [
        venue.open_account(usd=size * percent / 10_000)
        for size, percent in zip(sizes, (10 + at for at in cash), strict=False)
    ]
    for size in longs:
        venue.open_account(usd=size / 100)
    holders = range(len(shorts) + 1, len(shorts) + 1 + len(longs))
    for short, size in zip(shorts, sizes, strict=True):
        venue.sell(short, 1, size / 100)
    for account, size in zip(holders, longs, strict=True):
        venue.buy(account, 1, size / 100)
    if insurance:
        venue.deposit(0, 0, insurance)
    venue.price(btc=price / 1000)
    for short in shorts:
        before = equities(venue)
        if before[short] < 0:
            (*_, first) = venue.apply(steps.backstop(short, 0))  # what lots the rounding of a share left it
            venue.apply(steps.deleverage(short, 0))
            settle_all(venue)
            after = equities(venue)
            assert after[short] == 0
            assert not venue.state.accounts[short].positions
            paid = sum(before.get(account, 0) - after[account] for account in after if account != short)
            assert paid == -before[short]
            if isinstance(first, StepRejected):
                assert before[0] - after[0] == min(before[0], -before[short])
    # Whoever was hit was worth its share: the longs had bought at one. The lots that rounding up gave the backstop may
    # have lost it what they cost.
    assert all(account == BACKSTOP and debt > -USD // 10 for account, debt in debts(venue).items())


def two_bankrupt(venue_type, insurance: int):
    """1 (with ether) and 2 are short 250 each, each owes 150 at 2 beyond what it has; 3 and 4 are long."""
    venue = thin(venue_type)
    venue.open_account(weth=100 / 2_700)
    venue.open_account(usd=100)
    for _ in range(2):
        venue.open_account(usd=400)
    for short, long in ((1, 3), (2, 4)):
        venue.sell(short, 1, 250)
        venue.buy(long, 1, 250)
    venue.deposit(0, 0, insurance * USD)
    venue.price(btc=2, eth=3_000)
    return venue


def test_the_fund_is_not_promised_twice(venue_type) -> None:
    """The first debtor's collateral keeps its debt open; what the fund owes it must not be counted for the second."""
    venue = two_bankrupt(venue_type, 150)
    first = equities(venue)[1]
    for account in (1, 2):
        venue.do(steps.deleverage(account, 0))
    settle_all(venue)
    # The first took all of the fund, and is worth nothing; the second was taken from the longs.
    assert -151 * USD < first < -149 * USD
    assert not debts(venue)
    assert equities(venue)[2] == 0


def test_promised_twice_it_leaves_a_debt_that_nobody_pays(venue_type, monkeypatch) -> None:
    """What was: the fund counted, but paid only once the account had nothing left to sell."""
    monkeypatch.setattr(means, "grant", lambda *_: 0)
    venue = two_bankrupt(venue_type, 150)
    for account in (1, 2):
        venue.do(steps.deleverage(account, 0))
    settle_all(venue)
    venue.apply(steps.cover(2))
    venue.apply(steps.cover(1))
    assert sum(debts(venue).values()) < -140 * USD
    assert venue.state.accounts[0].cash == 0


def test_a_deficit_of_two_markets_is_paid_by_both(venue_type) -> None:
    """In proportion to what they require; the fund pays the same part of each, and nothing is left over."""
    venue = thin(venue_type)
    venue.open_account(usd=400)
    for usd in (1_000, 3_000):
        venue.open_account(usd=usd)
    venue.sell(1, 1, 1_000)
    venue.buy(2, 1, 1_000)
    venue.sell(1, 3_000, 0.8, market=1)
    venue.buy(3, 3_000, 0.8, market=1)
    venue.deposit(0, 0, 90 * USD)
    venue.price(btc=1.5, eth=3_500)
    deficit = -equities(venue)[1]
    assert deficit == 500 * USD
    shares = []
    for market in (0, 1):
        before = equities(venue)
        venue.do(steps.deleverage(1, market))
        after = equities(venue)
        # What rounding takes from who gives is the backstop's.
        shares.append(sum(before.get(account, 0) - after[account] for account in (2, 3, BACKSTOP)))
    # 1,500 and 2,800 of notional
    assert shares[0] == -(-410 * USD * 150 // 430)
    assert sum(shares) + 90 * USD == deficit
    assert (equities(venue)[1], equities(venue)[0]) == (0, 0)


def poor_winner(venue_type):
    """3 has bought from a winner at the new price with little money, when the deleveraging of 1 strikes."""
    venue = thin(venue_type)
    for usd in (100, 500, 60):
        venue.open_account(usd=usd)
    venue.sell(1, 1, 500)
    venue.buy(2, 1, 500)
    venue.price(btc=2)
    venue.sell(2, 2, 250)
    venue.buy(3, 2, 250)
    return venue


def test_nobody_is_deleveraged_below_its_own_bankruptcy_price(venue_type) -> None:
    """Its share would cost 200 of 60: it gives what it has, and the backstop bears 140."""
    venue = poor_winner(venue_type)
    venue.do(steps.deleverage(1, 0))
    settle_all(venue)
    assert equities(venue)[3] == 0
    assert debts(venue) == {BACKSTOP: -140 * USD}
    assert venue.state.markets[0].backstop_used == 140 * USD
    # The fund pays it, now or once it can.
    venue.deposit(0, 0, 200 * USD)
    venue.do(steps.cover(BACKSTOP))
    assert not debts(venue)


def test_the_fund_bears_it_before_the_backstop(venue_type) -> None:
    venue = poor_winner(venue_type)
    venue.do(steps.deleverage(1, 0))
    venue.deposit(0, 0, 200 * USD)
    settle_all(venue)
    assert not debts(venue)
    assert equities(venue)[0] == 60 * USD
    assert venue.state.markets[0].backstop_used == 0


def late_loser(venue_type, wait: bool):  # noqa: FBT001
    """2 is hit, and before or after its share is settled it loses all its money in another market."""
    venue = thin(venue_type)
    for usd in (100, 3_400, 100_000):
        venue.open_account(usd=usd)
    venue.sell(1, 1, 500)
    venue.buy(2, 1, 500)
    venue.sell(3, 3_000, 10, market=1)
    venue.buy(2, 3_000, 10, market=1)
    venue.price(btc=2)
    venue.do(steps.deleverage(1, 0))
    if not wait:
        venue.do(steps.settle_deleveraging(2))
    venue.price(btc=4, eth=2_600)
    if wait:
        venue.do(steps.settle_deleveraging(2))
    return venue


def test_the_floor_gives_back_what_deleveraging_took_and_nothing_that_was_lost_elsewhere(venue_type) -> None:
    """400 were taken. Its share settled late, after a loss of 4,000 elsewhere, it gets no more than those back."""
    early, late = (equities(late_loser(venue_type, wait))[2] for wait in (False, True))
    assert early == (3_400 + 100 - 4_000) * USD
    assert early < late <= early + 400 * USD


def test_a_floor_without_that_bound_pays_for_losses_of_another_market(venue_type, monkeypatch) -> None:
    def unbounded(state, market_id, account, position, due) -> int:
        value = due.size * state.pricing[market_id].value // 10**10
        return max(0, -(equity_of(state, account) + due.cash - value))

    monkeypatch.setattr(deleveraging, "_relief", unbounded)
    assert equities(late_loser(venue_type, wait=True))[2] == 0


def test_the_order_in_which_shares_are_settled_changes_nothing(venue_type) -> None:
    """Fund, profits and pools move the same whoever is settled, covered or paid out first."""
    outcomes = set()
    for order in permutations((1, 2, 3, 4)):
        venue = two_bankrupt(venue_type, 150)
        for account in (1, 2):
            venue.do(steps.deleverage(account, 0))
        for account in order:
            venue.apply(steps.settle_deleveraging(account))
            venue.apply(steps.cover(account))
        state = venue.state
        outcomes.add(
            (
                *(state.accounts[account].cash for account in (0, 1, 2, 3, 4)),
                *(state.markets[0].open_interest, state.markets[0].adl_long_size),
            )
        )
    assert len(outcomes) == 1


def test_a_backstop_without_means_sheds_at_its_own_bankruptcy_price(venue_type) -> None:
    """A gap takes more than the vault has: the winners give what is missing, and it ends at zero, not below."""
    venue = thin(venue_type, backstop_cap=10**6 * USD)
    for usd in (100, 2_000):
        venue.open_account(usd=usd)
    venue.sell(1, 1, 500)
    venue.buy(2, 1, 500)
    venue.deposit(0, 0, 300 * USD)
    venue.do(venue.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=300 * USD))
    venue.price(btc=1.19)
    venue.do(steps.backstop(1, 0))
    venue.price(btc=2.5)
    missing = -equities(venue)[BACKSTOP]
    assert missing > 0
    before = equities(venue)[2]
    (event,) = venue.do(steps.deleverage(BACKSTOP, 0))
    settle_all(venue)
    assert before - equities(venue)[2] == missing
    assert event.price < 2.5 * UNIT
    assert not debts(venue)
    assert not venue.state.accounts[BACKSTOP].positions


def test_the_view_and_the_event_say_who_is_hit(venue_type) -> None:
    venue = two_bankrupt(venue_type, 0)
    for account in (3, 4):
        exposure = deleveraging.share_due(venue.state, 0, venue.state.accounts[account].positions[0])
        assert exposure.size == 0
    _, event = venue.do(steps.deleverage(2, 0))
    due = [
        deleveraging.share_due(venue.state, 0, venue.state.accounts[account].positions[0]).size for account in (3, 4)
    ]
    assert sum(due) == event.size == 250 * UNIT
    assert (event.account, event.market, event.side, event.number) == (2, 0, 0, 1)


def test_whoever_is_hit_can_neither_trade_nor_leave_before(venue_type) -> None:
    venue = two_bankrupt(venue_type, 0)
    venue.do(steps.deleverage(2, 0))
    for step in (venue.order(3, 1, 0, 3_000, 0.01), venue.withdraw(3, 0, 1)):
        with pytest.raises(Rejected) as refused:
            venue.do(step)
        assert refused.value.reason == Reason.DELEVERAGING_DUE
    set_clock(venue.state, venue.state.header.clock + 1)
    venue.do(steps.settle_deleveraging(3))
    venue.do(venue.withdraw(3, 0, 1))
    assert not assess(venue.state, 3).is_liquidatable
