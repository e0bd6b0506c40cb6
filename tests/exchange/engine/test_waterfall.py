"""Backstop, insurance and deleveraging by hand, and the attacks they are for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.engine import (
    BackstopTook,
    Covered,
    Deleveraged,
    Reason,
    Rejected,
    assess,
    deleveraging,
    deleveraging_exposure,
    gates,
    invariants,
    means,
    set_clock,
    steps,
    waterfall,
)
from exchange.engine import backstop as backstop_rules
from exchange.engine.equity import equity_of
from exchange.state import BACKSTOP, State

UNIT = 10**8
USD = 10**6
FLAG_PORTFOLIO = 4


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def fund_backstop(venue, usd: int) -> None:
    """Through the insurance fund, as its owner would."""
    venue.deposit(0, 0, usd * USD)
    venue.do(venue.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=usd * USD))


def equities(state: State) -> dict[int, int]:
    return {account: equity_of(state, deleveraging.settled_view(state, account)) for account in sorted(state.accounts)}


@pytest.fixture
def squeezed(venue_type):
    """Account 3, with 100 USD, is short 500 at 1; accounts 1 and 2 are long 300 and 200. Nobody quotes, no fees."""
    spec = replace(
        venue_type.MARKETS[0],
        tick=UNIT // 1000,
        lot=UNIT,
        min_size=UNIT,
        scan_range=100_000,
        taker_fee=0,
        maker_fee=0,
        liquidation_fee=0,
        backstop_cap=1_000 * USD,
        open_interest_cap=10_000 * UNIT,
    )
    venue = venue_type((spec, venue_type.MARKETS[1]))
    venue.state.underlyings[0].deviation = 10**7
    venue.price(btc=1, eth=3_000)
    venue.open_account(usd=60)
    venue.open_account(usd=40)
    venue.open_account(usd=100)
    venue.sell(3, 1, 500)
    venue.buy(1, 1, 300)
    venue.buy(2, 1, 200)
    return venue


def test_the_published_example(squeezed, vector) -> None:
    """dYdX: at 2 the short's bankruptcy price is 1.2, and that is what the longs get."""
    case = vector("perp-margin-examples.json")["docs_examples"]["adl"]
    squeezed.price(btc=case["new_price"])
    assert assess(squeezed.state, 3).equity == -400 * USD
    (_, event) = squeezed.do(steps.deleverage(3, 0))
    assert event == Deleveraged(3, 0, 0, 1, 500 * UNIT, round(case["B_bankruptcy_price"] * UNIT), 0)
    assert assess(squeezed.state, 3).equity == case["B_value_after"]
    # Margin counts it before anyone has settled.
    assert [assess(squeezed.state, account).equity for account in (1, 2)] == [120 * USD, 80 * USD]
    for account in (1, 2):
        squeezed.do(steps.settle_deleveraging(account))
    cash = [squeezed.state.accounts[account].cash for account in (1, 2)]
    assert cash == [120 * USD, 80 * USD]
    assert sum(cash) - 100 * USD == case["A_pnl_realised"] * USD
    market = squeezed.state.markets[0]
    assert (market.open_interest, market.adl_long_size, squeezed.state.accounts[BACKSTOP].positions) == (0, 0, {})


@pytest.mark.parametrize("insurance", [0, 150, 1_000])
def test_what_winners_lose_and_the_fund_pays_is_the_deficit(squeezed, insurance: int) -> None:
    if insurance:
        squeezed.deposit(0, 0, insurance * USD)
    squeezed.price(btc=2)
    before = equities(squeezed.state)
    squeezed.do(steps.deleverage(3, 0))
    after = equities(squeezed.state)
    lost = {account: before[account] - after[account] for account in before}
    assert lost[1] + lost[2] + lost[0] == 400 * USD == after[3] - before[3]
    assert lost[0] == min(insurance, 400) * USD
    assert lost[1] * 2 == lost[2] * 3


def test_a_share_is_settled_by_trading_too_and_before_anything_else(squeezed) -> None:
    squeezed.sell(1, 2.05, 100)
    squeezed.price(btc=2)
    squeezed.open_account(usd=10_000)
    squeezed.do(steps.deleverage(3, 0))
    assert reason_of(squeezed, squeezed.order(1, 0, 1, 2, 10)) == Reason.DELEVERAGING_DUE
    assert reason_of(squeezed, squeezed.withdraw(1, 0, 1)) == Reason.DELEVERAGING_DUE
    # The maker's position is gone when its ask is met: it sells what it has not, as it ordered.
    squeezed.buy(4, 2.05, 100)
    assert squeezed.state.accounts[1].positions[0].size == -100 * UNIT
    assert squeezed.state.accounts[1].cash == 120 * USD


def test_those_it_can_hit_are_told_before_and_after(squeezed) -> None:
    exposure = deleveraging_exposure(squeezed.state, 1, 0)
    assert (exposure.share, exposure.threats, exposure.due) == (600_000, 0, 0)
    squeezed.price(btc=2)
    assert deleveraging_exposure(squeezed.state, 1, 0).threats == 1
    squeezed.do(steps.deleverage(3, 0))
    exposure = deleveraging_exposure(squeezed.state, 1, 0)
    assert (exposure.share, exposure.threats, exposure.due) == (0, 0, 300 * UNIT)


def test_part_of_a_side_again_and_again(squeezed) -> None:
    """Shares compose: two events settled in one go, by one who holds an odd size."""
    for _ in range(2):
        account = squeezed.open_account(usd=5)
        squeezed.sell(account, 1, 30)
        squeezed.buy(1, 1, 30)
    squeezed.price(btc=1.5)
    for account in (4, 5):
        squeezed.do(steps.deleverage(account, 0))
    market = squeezed.state.markets[0]
    assert (market.adl_long, market.adl_long_size) == (2, 60 * UNIT)
    due = [deleveraging.share_due(squeezed.state, 0, squeezed.state.accounts[at].positions[0])[0] for at in (1, 2)]
    # 60 of 560, of 360 and 200, in whole lots rounded up
    assert due == [39 * UNIT, 22 * UNIT]
    for account in (1, 2):
        squeezed.do(steps.settle_deleveraging(account))
    assert reason_of(squeezed, steps.settle_deleveraging(1)) == Reason.NOTHING_DUE
    # A lot that rounding up left over stays with the backstop.
    assert squeezed.state.accounts[BACKSTOP].positions[0].size == UNIT


def test_nobody_is_deleveraged_while_there_is_another_way(squeezed) -> None:
    fund_backstop(squeezed, 10_000)
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.NOT_LIQUIDATABLE
    squeezed.price(btc=1.19)
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.NOT_BANKRUPT
    squeezed.price(btc=1.3)
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.BACKSTOP_COMES_FIRST
    squeezed.open_account(usd=10_000)
    squeezed.sell(4, 1.21, 1)  # more than the account can pay, and the fund is empty
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.BACKSTOP_COMES_FIRST
    squeezed.sell(4, 1.2, 1)
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.BOOK_COMES_FIRST


def test_the_backstop_takes_over_at_the_bounded_price(squeezed) -> None:
    fund_backstop(squeezed, 1_000)
    squeezed.price(btc=1.19)
    _, took = squeezed.do(steps.backstop(3, 0))
    assert isinstance(took, BackstopTook)
    # 1.2138 is 2 % above the mark, but the account had 5 left of its 100, the fund has nothing, and everything must go
    assert took.price == 1_200_000_00
    assert took.size == -500 * UNIT
    assert squeezed.state.accounts[3].cash == 0
    assert reason_of(squeezed, steps.backstop(3, 0)) == Reason.NOT_LIQUIDATABLE
    # Anyone may sell it on, at the mark or better and no worse.
    squeezed.open_account(usd=10_000)
    squeezed.sell(4, 1.2, 100)
    assert reason_of(squeezed, steps.unwind(0)) == Reason.NOTHING_TO_UNWIND
    squeezed.sell(4, 1.19, 100)
    squeezed.do(steps.unwind(0))
    assert squeezed.state.accounts[BACKSTOP].positions[0].size == -400 * UNIT


def test_the_owner_of_the_backstop_cannot_trade_it_or_take_it_away(squeezed) -> None:
    fund_backstop(squeezed, 1_000)
    with pytest.raises(Rejected, match=Reason.INSURANCE_MAY_NOT_TRADE):
        gates.market_for_orders(squeezed.state, BACKSTOP, 0)
    step = squeezed.signed(steps.WITHDRAW, BACKSTOP, asset=0, amount=101 * USD, recipient=b"\x77" * 20)
    assert reason_of(squeezed, step) == Reason.FUND_SHUT


def test_the_fund_pays_its_owner_little_seldom_and_never_after_a_loss(squeezed) -> None:
    squeezed.deposit(0, 0, 1_000 * USD)
    assert reason_of(squeezed, squeezed.withdraw(0, 0, 100 * USD + 1)) == Reason.FUND_SHUT
    squeezed.do(squeezed.withdraw(0, 0, 100 * USD))
    assert reason_of(squeezed, squeezed.withdraw(0, 0, 1)) == Reason.FUND_SHUT
    set_clock(squeezed.state, squeezed.state.header.clock + 7 * 86_400)
    squeezed.price(btc=1)
    set_clock(squeezed.state, squeezed.state.header.clock + 59)
    squeezed.price(btc=1, eth=3_000)
    squeezed.price(btc=2)
    squeezed.do(steps.deleverage(3, 0))
    assert reason_of(squeezed, squeezed.withdraw(0, 0, 1)) == Reason.FUND_SHUT
    for step in (squeezed.queue(0, 0, 10**9), squeezed.lock(0, 1, 1, b"\x01" * 32)):
        assert reason_of(squeezed, step) == Reason.INSURANCE_MAY_NOT_TRADE


def test_d4_the_backstop_loses_its_cap_and_no_more(squeezed) -> None:
    """An own short left to the vault, then the price pumped: the winners take it over, at no price by vote."""
    fund_backstop(squeezed, 1_000)
    squeezed.state.markets[0].backstop_cap = 70 * USD
    squeezed.price(btc=1.19)
    squeezed.do(steps.backstop(3, 0))
    assert reason_of(squeezed, steps.deleverage(BACKSTOP, 0)) == Reason.NOT_BANKRUPT
    squeezed.price(btc=1.36)
    _loss = 1_000 * USD - assess(squeezed.state, BACKSTOP).equity
    assert _loss > 70 * USD
    (event,) = squeezed.do(steps.deleverage(BACKSTOP, 0))
    assert (event.price, event.side) == (136_000_000, 0)
    squeezed.price(btc=5)
    assert 1_000 * USD - assess(squeezed.state, BACKSTOP).equity == _loss
    for account in (1, 2):
        squeezed.do(steps.settle_deleveraging(account))
    assert squeezed.state.accounts[BACKSTOP].positions == {}
    assert 1_000 * USD - squeezed.state.accounts[BACKSTOP].cash == _loss


def test_d4_without_the_cap_the_vault_is_drained(squeezed, monkeypatch) -> None:
    monkeypatch.setattr(backstop_rules, "exceeds_cap", lambda *_: False)
    fund_backstop(squeezed, 1_000)
    squeezed.state.markets[0].backstop_cap = 70 * USD
    squeezed.price(btc=1.19)
    squeezed.do(steps.backstop(3, 0))
    squeezed.price(btc=2.9)
    assert reason_of(squeezed, steps.deleverage(BACKSTOP, 0)) == Reason.NOT_BANKRUPT
    assert assess(squeezed.state, BACKSTOP).equity < 200 * USD


def test_d5_deleveraging_leaves_nobody_below_bankruptcy(squeezed) -> None:
    """A long that is at its end elsewhere gives up its share at a price it can pay; the backstop bears the rest."""
    squeezed.price(btc=2)
    poor = squeezed.state.accounts[2]
    poor.cash -= 230 * USD  # as if lost elsewhere
    squeezed.state.accounts[1].cash += 230 * USD
    assert assess(squeezed.state, 2).equity == 10 * USD
    squeezed.do(steps.deleverage(3, 0))
    squeezed.do(steps.settle_deleveraging(2))
    assert (poor.cash, poor.positions) == (0, {})
    squeezed.do(steps.settle_deleveraging(1))
    assert squeezed.state.accounts[BACKSTOP].cash == -150 * USD


def test_d5_without_that_rule_a_winner_ends_below_zero(squeezed, monkeypatch) -> None:
    monkeypatch.setattr(deleveraging, "_relief", lambda *_: 0)
    squeezed.price(btc=2)
    squeezed.state.accounts[2].cash -= 230 * USD
    squeezed.state.accounts[1].cash += 230 * USD
    squeezed.do(steps.deleverage(3, 0))
    squeezed.do(steps.settle_deleveraging(2))
    assert squeezed.state.accounts[2].cash == -150 * USD


def test_d6_one_fill_takes_the_whole_market(squeezed) -> None:
    """All open interest in one liquidation, the account insolvent, its debt all that the fund has: nothing stops."""
    squeezed.sell(1, 1.21, 300)
    squeezed.sell(2, 1.21, 200)
    squeezed.deposit(0, 0, 5 * USD)
    squeezed.price(btc=1.3)
    events = squeezed.do(steps.liquidate(3, 0))
    market = squeezed.state.markets[0]
    assert (market.open_interest, market.register) == (0, 0)
    assert events[-1] == Covered(3, (), 5 * USD, 5 * USD)
    assert [squeezed.state.accounts[account].cash for account in (3, 0)] == [0, 0]
    assert invariants.check(squeezed.state).difference == 0
    squeezed.sell(1, 1.3, 1)
    squeezed.buy(2, 1.3, 1)


@pytest.mark.parametrize("make", [steps.liquidate, steps.backstop, steps.deleverage])
def test_d6_d22_after_an_outage_owners_act_first(squeezed, make) -> None:
    set_clock(squeezed.state, squeezed.state.header.clock + 5_000)
    squeezed.price(btc=1.3)
    assert reason_of(squeezed, make(3, 0)) == Reason.GRACE_PERIOD
    squeezed.deposit(3, 0, 1_000 * USD)
    set_clock(squeezed.state, squeezed.state.header.clock + 59)
    squeezed.price(btc=1.3)
    assert reason_of(squeezed, make(3, 0)) == Reason.NOT_LIQUIDATABLE


def test_d22_without_the_grace_the_first_price_liquidates(squeezed, monkeypatch) -> None:
    monkeypatch.setattr(waterfall, "require_grace_over", lambda *_: None)
    set_clock(squeezed.state, squeezed.state.header.clock + 5_000)
    squeezed.price(btc=1.3)
    squeezed.do(steps.deleverage(3, 0))


def test_d6_a_halt_gives_grace_too(squeezed) -> None:
    squeezed.price(btc=1.3)
    squeezed.state.markets[0].resumed_at = squeezed.state.header.clock
    assert reason_of(squeezed, steps.deleverage(3, 0)) == Reason.GRACE_PERIOD


def test_d18_no_bid_of_zero_ever_wins(squeezed) -> None:
    """Nobody but one stands in the book, with a bid of next to nothing: it gets nothing."""
    squeezed.open_account(usd=10_000)
    squeezed.price(btc=0.5)
    squeezed.buy(4, 0.001, 500)
    assert assess(squeezed.state, 1).is_liquidatable
    assert reason_of(squeezed, steps.liquidate(1, 0)) == Reason.NOTHING_TO_LIQUIDATE
    assert 4 not in {event.account for event in squeezed.do(steps.deleverage(1, 0))}
    assert not squeezed.state.accounts[4].positions[0].size


def test_d18_without_the_bound_it_takes_all(squeezed, monkeypatch) -> None:
    monkeypatch.setattr(means, "bounded", lambda *_: 1)
    squeezed.open_account(usd=10_000)
    squeezed.price(btc=0.5)
    squeezed.buy(4, 0.001, 500)
    squeezed.do(steps.liquidate(1, 0))
    assert squeezed.state.accounts[4].positions[0].size == 300 * UNIT


@pytest.mark.parametrize("account", [1, 2, 3, 1 << 24 | 1, BACKSTOP])
def test_d21_no_account_is_exempt(squeezed, account: int) -> None:
    """Whoever is below maintenance is liquidatable, the venue's own vault too; only account 0 holds no positions."""
    state = squeezed.state
    if account not in state.accounts:
        fund_backstop(squeezed, 1) if account == BACKSTOP else squeezed.do(
            squeezed.signed(steps.OPEN_SUB_ACCOUNT, 1, number=1)
        )
        state.accounts[account].positions[0] = state.accounts[3].positions.pop(0)
    state.accounts[account].cash -= 10**12
    state.accounts[0].cash += 10**12
    assert waterfall.target(state, account, 0).equity < 0


def test_d21_the_fund_itself_cannot_trade_or_owe(squeezed) -> None:
    assert reason_of(squeezed, squeezed.order(0, 0, 0, 1, 1)) == Reason.INSURANCE_MAY_NOT_TRADE
    assert reason_of(squeezed, squeezed.withdraw(0, 0, 1)) == Reason.INSUFFICIENT_BALANCE
