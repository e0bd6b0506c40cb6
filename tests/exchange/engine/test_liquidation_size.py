"""How much a liquidation closes: enough, and not a lot more than enough."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exchange.engine import assess, steps
from exchange.engine.marking import risk_array
from exchange.engine.settlement import settle
from exchange.engine.waterfall import size_to_close, worst_price
from exchange.state import Mark, State
from exchange.state.account import Position
from exchange.state.pricing import Pricing

UNIT = 10**8
USD = 10**6
LOT = UNIT // 1000


def close_at_worst(state: State, size: int, limit: int) -> State:
    """Close part of account 1's position in market 0 at the limit and pay the fee."""
    account = state.accounts[1]
    position = account.positions[0]
    cash = limit * size // 10**10
    settle(account, position, -size if position.size > 0 else size, cash)
    account.cash -= -(-cash * state.markets[0].liquidation_fee // 10**6)
    return state


def prepared(venue_type: type, lots: int, cash: int, mark: int, other: int) -> State:
    """Account 1 with `lots` of market 0 at cost zero pnl, `cash`, and `other` lots of market 1 at its mark."""
    state: State = venue_type().state
    state.add_account(b"o" * 20)
    for market, price in ((0, mark * UNIT), (1, 3_000 * UNIT)):
        leaf = state.markets[market]
        state.pricing[market] = Pricing.of(leaf, Mark(1, price, risk_array(leaf, price)), alone=True)
    account = state.accounts[1]
    account.positions[0] = Position(lots * LOT, lots * LOT * mark * UNIT // 10**10)
    if other:
        account.positions[1] = Position(other * LOT * 10, other * LOT * 10 * 3_000 * UNIT // 10**10)
    account.cash = cash
    return state


@settings(deadline=None, max_examples=300)
@given(
    st.integers(-3_000, 3_000).filter(bool),
    st.floats(-0.2, 1.1),
    st.integers(20_000, 90_000),
    st.integers(-500, 500),
)
def test_what_is_closed_restores_maintenance_and_little_more(
    venue_type, lots: int, fraction: float, mark: int, other: int
) -> None:
    def at(cash: int) -> State:
        return prepared(venue_type, lots, cash, mark, other)

    cash = int(assess(at(0), 1).maintenance * fraction)
    state = at(cash)
    report = assess(state, 1)
    limit = worst_price(state.markets[0], mark * UNIT, 1 if lots > 0 else 0)
    size = size_to_close(state, state.accounts[1], report.equity, 0, limit, state.markets[0].liquidation_fee)
    held = abs(lots) * LOT
    assert 0 <= size <= held
    assert size % LOT == 0
    if not report.is_liquidatable:
        assert size == 0
        return
    after = assess(close_at_worst(state, size, limit), 1)
    assert size == held or not after.is_liquidatable
    # A lot less, less the rounding slack of two cash units, would not have done.
    less = size - LOT
    if less > 0:
        before_last = assess(close_at_worst(at(cash), less, limit), 1)
        assert before_last.equity - 4 < before_last.maintenance


@settings(deadline=None)
@given(st.integers(1, 2_000), st.integers(1, 500))
def test_other_underlyings_count(venue_type, lots: int, other: int) -> None:
    alone = prepared(venue_type, lots, 0, 50_000, 0)
    cash = assess(alone, 1).maintenance - 1
    assume(cash > 0)
    alone.accounts[1].cash = cash
    with_other = prepared(venue_type, lots, cash, 50_000, other)
    limit = worst_price(alone.markets[0], 50_000 * UNIT, 1)
    sizes = [size_to_close(state, state.accounts[1], cash, 0, limit, 5_000) for state in (alone, with_other)]
    assert 0 < sizes[0] <= sizes[1]
    assert other < 10 or lots < 100 or sizes[0] < sizes[1]


def test_a_hedge_in_the_same_underlying_counts(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000, eth=3_000)
    first, second = venue.open_account(usd=20_000), venue.open_account(usd=10**6)
    venue.do(venue.signed(steps.SET_FLAGS, first, flags=4))
    venue.sell(second, 50_000, 3)
    venue.buy(first, 50_000, 3)
    venue.buy(second, 50_000, 0.5, market=2)
    venue.sell(first, 50_000, 0.5, market=2)
    account = venue.state.accounts[first]
    limit = worst_price(venue.state.markets[0], 50_000 * UNIT, 1)
    hedged = assess(venue.state, first)
    # long 3 and short 1.5 at 10 %, the larger factor
    assert hedged.maintenance == 7_500 * 700_001
    size = size_to_close(venue.state, account, hedged.maintenance - 100 * USD, 0, limit, 5_000)
    # 100 / (0.700001 x 5,000 - 1,000 - 245)
    assert size == 45 * LOT
