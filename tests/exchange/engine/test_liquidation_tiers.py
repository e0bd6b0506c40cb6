"""Large positions are liquidated in slices, at wider prices and dearer; and never at a price that nobody can pay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.engine import Covered, Filled, Liquidated, ListingError, Reason, Rejected, assess, means, steps, waterfall
from exchange.engine.equity import equity_of
from exchange.state import BACKSTOP, Config
from exchange.state.config import LIQUIDATION_TIERS, LiquidationTier

UNIT = 10**8
USD = 10**6
ONE = 10**6
FLAT = (LiquidationTier(size=0, share=ONE, slippage=ONE, fee=ONE),)


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def whale(venue_type, tiers=LIQUIDATION_TIERS):
    """Account 2 is long 15 of a market with a cap of 100, below maintenance, not critical; 3 stands in the book."""
    spec = replace(venue_type.MARKETS[0], open_interest_cap=100 * UNIT, taker_fee=0, maker_fee=0)
    venue = venue_type((spec, venue_type.MARKETS[1]), liquidation_tiers=tiers)
    venue.price(btc=50_000, eth=3_000)
    venue.open_account(usd=10_000_000)
    venue.open_account(usd=90_000)
    venue.open_account(usd=10_000_000)
    venue.sell(1, 50_000, 15)
    venue.buy(2, 50_000, 15)
    venue.price(btc=45_600)
    assert assess(venue.state, 2).is_liquidatable
    return venue


def closed(events) -> float:
    return sum(event.size for event in events if isinstance(event, Filled)) / UNIT


def test_the_published_tiers() -> None:
    """By parts of the open interest cap; a market of 100 has its bounds at 2 and 10."""
    assert [(tier.size, tier.share, tier.slippage, tier.fee) for tier in LIQUIDATION_TIERS] == [
        (0, ONE, ONE, ONE),
        (20_000, 500_000, ONE, ONE),
        (100_000, 200_000, 1_500_000, 2 * ONE),
    ]


@pytest.mark.parametrize(("size", "tier"), [(0, 0), (1.999, 0), (2, 1), (-2, 1), (9.999, 1), (10, 2), (-99, 2)])
def test_a_position_has_the_highest_tier_that_it_reaches(venue_type, size: float, tier: int) -> None:
    state = whale(venue_type).state
    assert waterfall.tier_of(state, state.markets[0], round(size * UNIT)) == tier


def test_a_round_closes_a_slice_at_the_tiers_price_and_fee(venue_type) -> None:
    venue = whale(venue_type)
    venue.buy(3, 44_300, 50)
    liquidated, fill = venue.do(steps.liquidate(2, 0))
    # a fifth of 15, at no worse than 3 % below the mark, for twice 0.5 %
    assert isinstance(liquidated, Liquidated)
    assert (liquidated.size, liquidated.limit) == (3 * UNIT, 44_232 * UNIT)
    assert (fill.size, fill.taker_fee) == (3 * UNIT, 44_300 * 3 * USD // 100)
    assert assess(venue.state, 2).is_liquidatable
    assert reason_of(venue, steps.liquidate(2, 0)) == Reason.NOTHING_TO_LIQUIDATE
    venue.price(btc=45_600)
    assert closed(venue.do(steps.liquidate(2, 0))) == 2.4


def test_tier_by_tier_to_the_end(venue_type) -> None:
    """Every round a slice, the last of a smaller tier; then maintenance is met, and no more is closed."""
    venue = whale(venue_type)
    venue.buy(3, 45_500, 50)
    sizes = []
    while assess(venue.state, 2).is_liquidatable:
        sizes.append(closed(venue.do(steps.liquidate(2, 0))))
        venue.price(btc=45_600)
    assert sizes[:2] == [3, 2.4]
    assert len(sizes) > 1
    assert 0 < venue.state.accounts[2].positions[0].size < 7 * UNIT


def test_a_critical_account_waits_for_nothing(venue_type) -> None:
    """Half of maintenance gone: all that has to go goes at once."""
    venue = whale(venue_type)
    venue.deposit(0, 0, 1_000_000 * USD)
    venue.price(btc=45_300)
    venue.buy(3, 45_000, 50)
    report = assess(venue.state, 2)
    assert 0 < 2 * report.equity < report.maintenance
    assert closed(venue.do(steps.liquidate(2, 0))) == 15


def test_a_slice_that_finds_little_does_not_shield_the_rest(venue_type) -> None:
    """A friend's bid of one lot must not use the round up."""
    venue = whale(venue_type)
    venue.buy(3, 45_500, 0.001)
    assert closed(venue.do(steps.liquidate(2, 0))) == 0.001
    venue.buy(3, 45_500, 50)
    assert closed(venue.do(steps.liquidate(2, 0))) == 3
    assert reason_of(venue, steps.liquidate(2, 0)) == Reason.NOTHING_TO_LIQUIDATE


def test_the_backstop_takes_a_slice_too(venue_type) -> None:
    venue = whale(venue_type)
    venue.state.markets[0].backstop_cap = 10**6 * USD
    venue.deposit(0, 0, 10**6 * USD)
    venue.do(venue.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=10**6 * USD))
    _, took = venue.do(steps.backstop(2, 0))
    assert (took.size, took.price, took.fee) == (3 * UNIT, 44_232 * UNIT, 44_232 * 3 * USD // 100)
    assert reason_of(venue, steps.backstop(2, 0)) == Reason.BACKSTOP_EXHAUSTED


def dumped_on_the_vault(venue_type, tiers) -> int:
    """D3: a whale lets itself be liquidated into the vault while the price goes on falling; what the vault has lost."""
    venue = whale(venue_type, tiers)
    venue.state.markets[0].backstop_cap = 10**6 * USD
    venue.deposit(0, 0, 2 * 10**6 * USD)
    venue.do(venue.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=10**6 * USD))
    before = equity_of(venue.state, venue.state.accounts[BACKSTOP])
    venue.apply(steps.backstop(2, 0))
    venue.price(btc=44_000)
    return before - equity_of(venue.state, venue.state.accounts[BACKSTOP])


def test_d3_a_whale_cannot_leave_its_position_to_the_vault_at_once(venue_type) -> None:
    sliced, at_once = (dumped_on_the_vault(venue_type, tiers) for tiers in (LIQUIDATION_TIERS, FLAT))
    # 3 from 45,590 against what had to go, from 46,060
    assert sliced == 3 * 232 * USD
    assert at_once > 4 * sliced


def test_no_fill_costs_more_than_account_and_fund_have(venue_type) -> None:
    """At 44,500 equity is 7,500 for 15, so 500 a unit; a fund of 3,000 makes it 700; the friend's price is below."""
    venue = whale(venue_type)
    venue.price(btc=44_500)
    venue.buy(3, 43_800, 50)
    assert reason_of(venue, steps.liquidate(2, 0)) == Reason.NOTHING_TO_LIQUIDATE
    venue.deposit(0, 0, 3_000 * USD)
    liquidated, *_, covered = venue.do(steps.liquidate(2, 0))
    assert liquidated.limit == 43_800 * UNIT
    # the fee of 1 % went to the fund first
    assert covered == Covered(2, (), 3_000 * USD + 6_570 * USD, 9_570 * USD)
    assert (venue.state.accounts[2].cash, venue.state.accounts[0].cash) == (0, 0)


def test_without_that_bound_a_debt_stays_that_nobody_pays(venue_type, monkeypatch) -> None:
    monkeypatch.setattr(means, "bounded", lambda price, *_: price)
    venue = whale(venue_type)
    venue.price(btc=44_500)
    venue.buy(3, 43_800, 50)
    venue.do(steps.liquidate(2, 0))
    assert venue.state.accounts[2].cash == -3_000 * USD
    assert reason_of(venue, steps.cover(2)) == Reason.INSURANCE_EMPTY


def test_an_unfinished_liquidation_heeds_what_has_become_of_the_fund(venue_type) -> None:
    """The fund paid for somebody else between two steps: the rest asks for a better price."""
    venue = whale(venue_type)
    venue.price(btc=44_500)
    for _ in range(10):
        venue.buy(3, 43_800, 1.5)
    venue.deposit(0, 0, 3_000 * USD)
    venue.do(steps.liquidate(2, 0))
    market = venue.state.markets[0]
    assert market.register_remaining == 3 * UNIT
    venue.state.accounts[1].cash += venue.state.accounts[0].cash  # as if for another account's debt
    venue.state.accounts[0].cash = 0
    events = venue.do(steps.continue_register(0))
    assert not closed(events)
    assert market.register == 0


@pytest.mark.parametrize(
    "tiers",
    [
        (),
        (replace(FLAT[0], size=1),),
        (*FLAT, replace(FLAT[0], share=0, size=5)),
        (*FLAT, replace(FLAT[0], share=ONE + 1, size=5)),
        (*FLAT, replace(FLAT[0], size=ONE + 1)),
        (*FLAT, replace(FLAT[0], size=5, slippage=10 * ONE + 1)),
        (*FLAT, replace(FLAT[0], size=5, fee=-1)),
        (*FLAT, *FLAT),
        tuple(replace(FLAT[0], size=at) for at in range(17)),
    ],
)
def test_tiers_that_make_no_sense_are_refused(venue_type, tiers) -> None:
    with pytest.raises(ValueError, match="liquidation tier"):
        venue_type(liquidation_tiers=tiers)


def test_no_tier_takes_a_whole_price(venue_type) -> None:
    for changed in ({"liquidation_fee": 500_000}, {"liquidation_slippage": 700_000}):
        with pytest.raises(ListingError, match="every tier"):
            venue_type((replace(venue_type.MARKETS[0], **changed), venue_type.MARKETS[1]))


def test_the_configuration_carries_them(venue_type) -> None:
    config = venue_type().config
    assert Config.decode(config.encode()) == config
    assert config.hash() != replace(config, liquidation_tiers=FLAT).hash()
