"""Fee tiers and rebates: by the volume of the period before, rounded against the account, never below nothing."""

from __future__ import annotations

import pytest

from exchange.engine import Filled, set_clock
from exchange.engine.fees import PERIOD_SECONDS, tier_of
from exchange.engine.genesis import ListingError
from exchange.state import FeeTier

UNIT = 10**8
USD = 10**6
TIERS = (
    FeeTier(volume=0, taker=10**6, maker=10**6),
    FeeTier(volume=100_000 * USD, taker=800_000, maker=0),
    FeeTier(volume=1_000_000 * USD, taker=500_000, maker=-(10**6)),
)


@pytest.fixture
def tiered(venue_type):
    """Two traders of a million, and the tiers above."""
    venue = venue_type(fee_tiers=TIERS)
    venue.price(btc=50_000, eth=3_000)
    venue.open_account(usd=1_000_000)
    venue.open_account(usd=1_000_000)
    return venue


def trade(venue, size: float) -> Filled:
    """Account 1 makes, account 2 takes, at 50,000."""
    venue.price(btc=50_000)
    venue.sell(1, 50_000, size)
    return venue.buy(2, 50_000, size)[-1]


def test_the_volume_of_one_period_sets_the_tier_of_the_next(tiered) -> None:
    first = trade(tiered, 3)
    assert (first.taker_fee, first.maker_fee) == (75 * USD, 30 * USD)
    assert trade(tiered, 1).maker_fee == 10 * USD
    set_clock(tiered.state, tiered.state.header.clock + PERIOD_SECONDS)
    trade(tiered, 0.001)  # the first trade of a period still pays the old fees, and sets the tier
    third = trade(tiered, 1)
    assert (third.taker_fee, third.maker_fee) == (20 * USD, 0)
    assert [tiered.state.accounts[account].tier for account in (1, 2)] == [1, 1]


def test_a_rebate_is_paid_out_of_the_takers_fee(tiered) -> None:
    tiered.state.accounts[1].tier = 2
    tiered.state.accounts[1].volume_period = tiered.state.header.clock // PERIOD_SECONDS
    before = tiered.state.accounts[1].cash
    fill = trade(tiered, 1)
    assert (fill.taker_fee, fill.maker_fee) == (25 * USD, -10 * USD)
    assert tiered.state.accounts[1].cash == before + 10 * USD
    assert tiered.state.markets[0].fees == 15 * USD


def test_a_rebate_rounds_down(tiered) -> None:
    tiered.state.accounts[1].tier = 2
    tiered.state.accounts[1].volume_period = tiered.state.header.clock // PERIOD_SECONDS
    tiered.price(btc=50_000)
    tiered.sell(1, 50_000.1, 0.001)
    (fill,) = tiered.buy(2, 50_000.1, 0.001)
    assert fill.maker_fee == -10_000  # 50.0001 USD at 0.02 % is 0.01000002


def test_a_period_without_trades_takes_the_tier_away(tiered) -> None:
    trade(tiered, 3)
    set_clock(tiered.state, tiered.state.header.clock + 2 * PERIOD_SECONDS)
    trade(tiered, 0.001)
    assert tiered.state.accounts[1].tier == 0


def test_tiers_are_reached_at_their_volume(tiered) -> None:
    config = tiered.state.config
    assert [tier_of(volume * USD, config) for volume in (0, 99_999, 100_000, 999_999, 1_000_000)] == [0, 0, 1, 1, 2]


def test_rebates_larger_than_the_smallest_fee_are_not_listed(venue_type) -> None:
    """A maker and a taker of one hand would otherwise earn on every trade between them."""
    greedy = (*TIERS[:2], FeeTier(volume=1_000_000 * USD, taker=100_000, maker=-(10**6)))
    with pytest.raises(ListingError, match="rebate"):
        venue_type(fee_tiers=greedy)
