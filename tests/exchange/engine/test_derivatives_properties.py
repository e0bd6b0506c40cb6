"""Random trading of perpetuals, futures and options through funding hours and an expiry: the sums always hold."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import Rejected, assess, invariants, set_clock, steps
from exchange.engine import settlement_average as average
from exchange.engine.settling import accounts_to_pay
from exchange.state import MarketStatus, Side
from exchange.state.expiry import ExpiryStatus
from tests.exchange.engine.conftest import BTC
from tests.exchange.engine.derivatives import CALL, DAY, FAR, FUTURE, NEAR, NEAR_TIME, PUT, Derivatives, flat_smile

TRADERS = range(1, 5)
TRADES = st.tuples(
    st.just("trade"),
    st.sampled_from(TRADERS),
    st.integers(0, 4),
    st.sampled_from(Side),
    st.integers(-20, 20),
    st.integers(1, 40),
)
TICKS = st.tuples(st.just("tick"), st.integers(-30, 30), st.sampled_from((1, 30, 60, 400, 3_600)))
SMILES = st.tuples(st.just("smile"), st.sampled_from((NEAR, FAR)), st.integers(30, 90))
LIQUIDATIONS = st.tuples(st.just("liquidate"), st.sampled_from(TRADERS), st.integers(0, 4))
ACTIONS = st.lists(st.one_of(TRADES, TRADES, TRADES, TICKS, TICKS, SMILES, LIQUIDATIONS), min_size=25, max_size=60)


def act(venue: Derivatives, action: tuple, price: list[int]) -> None:
    state = venue.state
    match action:
        case ("trade", trader, market, side, ticks, size):
            pricing = state.pricing[market]
            tick = state.markets[market].tick
            limit = max(tick, (pricing.mark // tick + ticks * max(1, pricing.mark // tick // 200)) * tick)
            venue.do(venue.order(trader, market, side, limit / 10**8, size / 10))
        case ("tick", permille, seconds):
            price[0] = max(20_000, min(120_000, price[0] * (1000 + permille) // 1000))
            venue.tick(price[0], seconds)
        case ("smile", expiry, percent):
            seconds = state.expiries[expiry].time - state.header.clock
            venue.do(venue.smile(expiry, flat_smile(percent / 100, max(1, seconds))))
        case ("liquidate", trader, market):
            venue.do(steps.liquidate(trader, market))


def play(actions: list[tuple]) -> Derivatives:
    """Every applied step is followed by the invariants; whatever is refused changes nothing."""
    venue = Derivatives()
    venue.tick(50_000)
    for _ in TRADERS:
        venue.open_account(usd=200_000)
    price = [50_000]
    for action in actions:
        try:
            act(venue, action, price)
        except Rejected:
            invariants.check(venue.state)
    if venue.state.header.clock < NEAR_TIME - 2 * DAY:
        venue.tick(price[0], NEAR_TIME - average.WINDOW_SECONDS - 60 - venue.state.header.clock)
    while venue.state.expiries[NEAR].status == ExpiryStatus.TRADING:
        venue.tick(price[0], 50)
    return venue


def settle_all(venue: Derivatives) -> None:
    state = venue.state
    for market in (FUTURE, CALL, PUT):
        while state.markets[market].register:
            venue.do(steps.continue_register(market))
    venue.settle()
    for market in (FUTURE, CALL, PUT):
        assert state.markets[market].status == MarketStatus.EXPIRED
        while accounts := accounts_to_pay(state, market):
            venue.do(steps.settle_positions(market, accounts))
        assert (state.markets[market].funding_pool, state.markets[market].open_interest) == (0, 0)


@settings(max_examples=40 if os.environ.get("HYPOTHESIS_PROFILE") else 12)
@given(actions=ACTIONS)
def test_sums_hold_through_an_expiry(actions) -> None:
    venue = play(actions)
    before = {account: assess(venue.state, account).equity for account in TRADERS}
    settle_all(venue)
    assert {account: assess(venue.state, account).equity for account in TRADERS} == before
    sums = invariants.check(venue.state)
    assert sums.difference == 0


@settings(max_examples=6)
@given(actions=ACTIONS)
def test_the_same_steps_give_the_same_root_and_can_be_taken_back(actions) -> None:
    roots = []
    for _ in range(2):
        venue = play(actions)
        venue.state.commit()
        roots.append(venue.state.root)
    assert roots[0] == roots[1]
    number = venue.state.commit_number
    settle_all(venue)
    venue.state.commit()
    assert venue.state.revert_to(number) == roots[0]
    settle_all(venue)


@pytest.mark.slow
@settings(max_examples=300)
@given(actions=st.lists(st.one_of(TRADES, TRADES, TRADES, TICKS, SMILES, LIQUIDATIONS), min_size=50, max_size=200))
def test_sums_hold_in_a_long_campaign(actions) -> None:
    settle_all(play(actions))


def test_a_round_half_marked_is_no_round() -> None:
    """Whatever stops in between: margin reads the old round until the last mark."""
    venue = Derivatives()
    venue.tick(50_000)
    before = list(venue.state.pricing)
    set_clock(venue.state, venue.state.header.clock + 1)
    venue.do(venue.report(BTC, 60_000))
    venue.do(steps.reprice(FUTURE, CALL, PUT))
    assert venue.state.pricing == before
