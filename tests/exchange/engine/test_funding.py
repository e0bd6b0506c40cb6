"""Funding: sampled, averaged over the hour, clamped, and paid through a pool that always has what it owes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import FundingCharged, assess, funding, impact, matching
from exchange.engine.invariants import InvariantError
from exchange.state.account import Account, Position
from exchange.state.market import Market
from exchange.state.order import Side
from tests.exchange.engine.conftest import UNIT, USD
from tests.exchange.engine.derivatives import MARKETS, PERPETUAL, Derivatives, market

HOUR = 3_600


def quoted(venue: Derivatives, maker: int, bid: float, ask: float) -> None:
    """Depth of one unit on either side."""
    venue.do(venue.order(maker, PERPETUAL, Side.BID, bid, 1))
    venue.do(venue.order(maker, PERPETUAL, Side.ASK, ask, 1))


@pytest.fixture
def venue() -> Derivatives:
    """At the start of an hour, a long (1) and a short (2) of one unit, and a market maker (3)."""
    venue = Derivatives()
    venue.tick(50_000, HOUR - venue.state.header.clock % HOUR)
    for _ in range(3):
        venue.open_account(usd=1_000_000)
    venue.sell(2, 50_000, 1, market=PERPETUAL)
    venue.buy(1, 50_000, 1, market=PERPETUAL)
    return venue


def run_hour(venue: Derivatives, price: float = 50_000) -> list[FundingCharged]:
    """Reports every half minute up to the first one of the next hour."""
    charged = []
    for _ in range(HOUR // 30):
        charged += [event for event in venue.tick(price, 30) if isinstance(event, FundingCharged)]
    return charged


def test_longs_pay_shorts_while_the_book_is_above_the_index(venue) -> None:
    quoted(venue, 3, 50_200, 50_210)
    (charged,) = run_hour(venue)
    premium = 200 * 10**9 // 50_000
    assert charged.rate == premium // 8 == 500_000
    assert charged.index == 50_000 * UNIT * 500_000 * 10**4 // 10**9
    position = venue.state.accounts[1].positions[PERPETUAL]
    index = venue.state.pricing[PERPETUAL].funding_index
    assert funding.owed(position, index) == 25 * USD
    before = {account: venue.state.accounts[account].cash for account in (1, 2)}
    venue.sell(1, 50_200, 0.5, market=PERPETUAL)
    assert venue.state.markets[PERPETUAL].funding_pool == 25 * USD
    assert venue.state.accounts[1].positions[PERPETUAL].funding_index == index
    venue.buy(2, 50_210, 0.5, market=PERPETUAL)
    assert venue.state.markets[PERPETUAL].funding_pool == 0
    assert before[1] > venue.state.accounts[1].cash - 100 * USD + 25 * USD


def test_shorts_pay_longs_while_it_is_below(venue) -> None:
    quoted(venue, 3, 49_790, 49_800)
    (charged,) = run_hour(venue)
    assert charged.rate == -500_000
    assert charged.index < 0


def test_between_the_impact_prices_nobody_pays(venue) -> None:
    quoted(venue, 3, 49_900, 50_100)
    assert run_hour(venue) == []


def test_half_an_hour_of_premium_is_half_of_it(venue) -> None:
    for _ in range(60):
        venue.tick(50_000, 30)
    quoted(venue, 3, 50_200, 50_210)
    charged = []
    for _ in range(60):
        charged += [event for event in venue.tick(50_000, 30) if isinstance(event, FundingCharged)]
    assert charged[0].rate == pytest.approx(250_000, rel=0.02)


def test_a_thin_book_has_no_premium(venue) -> None:
    """A bid far above the index for less than the impact notional (5,000 USD at 10 %) charges nobody."""
    venue.do(venue.order(3, PERPETUAL, Side.BID, 50_900, 0.09))
    venue.do(venue.order(3, PERPETUAL, Side.ASK, 51_000, 1))
    assert run_hour(venue) == []


def test_depth_that_is_cancelled_but_not_swept_is_no_depth(venue, monkeypatch) -> None:
    quoted(venue, 3, 50_200, 50_210)
    venue.do(venue.cancel_all(3))
    assert venue.state.markets[PERPETUAL].best_bid
    assert run_hour(venue) == []
    monkeypatch.setattr(impact, "is_dead", lambda *_: False)
    assert run_hour(venue)[0].rate > 0, "the broken rule is paid by phantoms"


def test_too_few_samples_have_no_premium(venue) -> None:
    quoted(venue, 3, 50_200, 50_210)
    for _ in range(7):
        venue.tick(50_000, 30)
    assert [event for event in venue.tick(50_000, HOUR) if isinstance(event, FundingCharged)] == []
    assert venue.state.markets[PERPETUAL].funding_index == 0


def test_the_rate_is_clamped(venue) -> None:
    quoted(venue, 3, 53_900, 54_000)
    (charged,) = run_hour(venue)
    assert charged.rate == 7_500_000, "7.8 % over eight hours would be 0.975 % an hour"


def test_interest_is_part_of_the_rate() -> None:
    venue = Derivatives((market(MARKETS[0].kind, funding_cap=7_500, funding_interest=13), *MARKETS[1:]))
    venue.tick(50_000, HOUR - venue.state.header.clock % HOUR)
    (charged,) = run_hour(venue)
    assert charged.rate == 13_000


def test_equity_knows_what_is_due_before_it_is_paid(venue) -> None:
    quoted(venue, 3, 50_200, 50_210)
    run_hour(venue)
    mark = venue.state.pricing[PERPETUAL].mark
    long, short = assess(venue.state, 1), assess(venue.state, 2)
    assert long.unrealised == (mark - 50_000 * UNIT) // 100 - 25 * USD
    assert short.unrealised == (50_000 * UNIT - mark) // 100 + 25 * USD


def test_a_new_position_owes_nothing_of_the_past(venue) -> None:
    quoted(venue, 3, 50_200, 50_210)
    run_hour(venue)
    late = venue.open_account(usd=1_000_000)
    venue.buy(late, 50_210, 0.1, market=PERPETUAL)
    position = venue.state.accounts[late].positions[PERPETUAL]
    assert funding.owed(position, venue.state.pricing[PERPETUAL].funding_index) == 0


def test_who_changes_size_without_settling_first_robs_the_pool(venue, monkeypatch) -> None:
    """The broken twin: a short doubles after the hour and is paid for twice the size; the invariant sees it."""
    quoted(venue, 3, 50_200, 50_210)
    run_hour(venue)
    venue.sell(1, 50_200, 0.1, market=PERPETUAL)
    monkeypatch.setattr(matching.funding, "settle", lambda *_: None)
    with pytest.raises(InvariantError, match="the funding pool lacks"):
        venue.sell(2, 50_200, 0.5, market=PERPETUAL)


@given(
    sizes=st.lists(st.integers(-(2**52), 2**52), min_size=1, max_size=12),
    changes=st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_the_pool_never_lacks_anything(sizes: list[int], changes: list[int], order) -> None:
    """Whoever settles when, and in which order: the pool ends with less than a unit for every settlement."""
    pool = Market(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1)
    holders = [(Account(b"a" * 20), Position(size=size)) for size in (*sizes, -sum(sizes))]
    index = settlements = 0
    for change in changes:
        index += change
        for account, position in order.sample(holders, order.randint(0, len(holders))):
            funding.settle(pool, account, position, index)
            settlements += 1
    for account, position in holders:
        funding.settle(pool, account, position, index)
    assert sum(account.cash for account, _ in holders) + pool.funding_pool == 0
    assert 0 <= pool.funding_pool <= settlements + len(holders)


def test_an_outage_of_hours_is_charged_once() -> None:
    leaf = Market(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, funding_cap=7_500)
    assert funding.accrue(leaf, HOUR, 100) == 0
    leaf.premium_sum, leaf.premium_count = 8_000 * HOUR, 10
    assert funding.accrue(leaf, 10 * HOUR + 5, 10**9) == 1_000
    assert leaf.funding_time == 10 * HOUR
    assert funding.accrue(leaf, 11 * HOUR - 1, 10**9) == 0


def test_an_index_at_its_limit_stays() -> None:
    leaf = Market(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, funding_cap=7_500)
    leaf.funding_time, leaf.funding_index = HOUR, (1 << 94) - 1
    leaf.premium_sum, leaf.premium_count = 8_000_000 * HOUR, 10
    assert funding.accrue(leaf, 2 * HOUR, 10**12) == 0
    assert leaf.funding_index == (1 << 94) - 1


@pytest.mark.parametrize("measured", [1 << 80, -(1 << 80)])
def test_samples_of_an_index_that_fell_to_nothing_fit_their_leaf(venue, measured: int) -> None:
    market = venue.state.markets[PERPETUAL]
    for _ in range(13):
        funding.sample(market, market.premium_time + 300, measured)
    market.encode()
    rate = funding.hourly_rate(market.premium_sum // HOUR, 0, market.funding_cap * 1000)
    assert abs(rate) == market.funding_cap * 1000
