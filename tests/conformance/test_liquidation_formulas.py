"""The published liquidation example and formulas (dYdX): who pays what when a fill is beyond the bankruptcy price."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearspan.lab.floor import BTC_SPEC, ETH_SPEC, UNIT, USD, Floor
from exchange.engine import Covered, assess, means, steps
from exchange.engine.equity import equity_of
from exchange.engine.marking import risk_array
from exchange.state import Mark, State
from exchange.state.account import Position
from exchange.state.pricing import Pricing


def floor(maintenance: float, spread: float, fee: float) -> Floor:
    """A market of one dollar whose maintenance is a share of the notional."""
    spec = replace(
        BTC_SPEC,
        tick=UNIT // 1000,
        lot=UNIT,
        min_size=UNIT,
        open_interest_cap=10**6 * UNIT,
        scan_range=round(2 * maintenance * 10**6),
        maintenance_factor=500_000,
        liquidation_slippage=round(spread * 10**6),
        liquidation_fee=round(fee * 10**6),
        taker_fee=0,
        maker_fee=0,
    )
    made = Floor((spec, ETH_SPEC))
    made.state.underlyings[0].deviation = 10**7
    made.price(btc=1, eth=3_000)
    return made


def test_the_published_contribution_of_the_insurance_fund(vector) -> None:
    """500 bought at 1 with 100; the mark is 0.801, somebody takes them at 0.77: the fund pays 15."""
    case = vector("perp-margin-examples.json")["docs_examples"]["insurance"]
    venue = floor(case["mmf"], case["max_spread"], 0)
    account, other = venue.open_account(usd=case["collateral"]), venue.open_account(usd=10_000)
    venue.sell(other, case["entry"], case["long"])
    venue.buy(account, case["entry"], case["long"])
    assert assess(venue.state, account).maintenance == case["mmr_at_entry"] * USD
    venue.deposit(0, 0, 1_000 * USD)
    venue.price(btc=case["price"])
    report = assess(venue.state, account)
    assert report.equity == case["equity"] * USD
    assert report.is_liquidatable
    venue.buy(other, case["fill"], case["long"])
    events = venue.do(steps.liquidate(account, 0))
    paid = case["insurance_contribution"] * USD
    assert events[-1] == Covered(account, (), paid, paid)
    assert (venue.state.accounts[account].cash, venue.state.accounts[account].positions) == (0, {})
    assert case["collateral"] + case["pnl_at_fill"] == -case["insurance_contribution"]
    assert venue.state.accounts[0].cash == 1_000 * USD - paid


@pytest.mark.parametrize("fill", [0.812, 0.811, 0.806, 0.804, 0.80, 0.79])
def test_what_the_fund_gets_or_gives(fill: float) -> None:
    """min(fee * quote, quote - bankruptcy) if that is positive, else quote - bankruptcy."""
    fee = 0.01
    venue = floor(0.03, 0.045, fee)
    account, other = venue.open_account(usd=100), venue.open_account(usd=10_000)
    venue.sell(other, 1, 500)
    venue.buy(account, 1, 500)
    venue.deposit(0, 0, 1_000 * USD)
    venue.price(btc=0.812)
    venue.buy(other, fill, 500)
    venue.do(steps.liquidate(account, 0))
    quote, bankruptcy = round(fill * 500 * USD), 400 * USD
    margin = quote - bankruptcy
    expected = min(round(fee * quote), margin) if margin > 0 else margin
    assert venue.state.accounts[0].cash - 1_000 * USD == expected


@given(
    sizes=st.tuples(st.integers(-500, 500), st.integers(-9_000, 9_000)),
    lacking=st.integers(0, 10**10),
    fund=st.integers(0, 10**10),
)
def test_the_bankruptcy_price_of_one_of_two_positions(sizes: tuple[int, int], lacking: int, fund: int) -> None:
    """-DNNV - TNC * |DMMR| / TMMR, rounded towards plus infinity; the fund's part is taken off TNC first."""
    if not all(sizes):
        return
    state: State = Floor((BTC_SPEC, ETH_SPEC)).state
    state.add_account(b"o" * 20)
    account = state.accounts[1]
    prices = (50_000, 3_000)
    for market, (lots, price) in enumerate(zip(sizes, prices, strict=True)):
        leaf = state.markets[market]
        leaf.scan_range, leaf.maintenance_factor = 200_000, 500_000
        mark = Mark(1, price * UNIT, risk_array(leaf, price * UNIT))
        state.pricing[market] = Pricing.of(leaf, mark, alone=True)
        account.positions[market] = Position(lots * leaf.lot, lots * leaf.lot * price // 100)
    account.cash = -lacking
    state.accounts[0].cash = fund
    equity = equity_of(state, account)
    assert equity == -lacking
    requirements = [
        Fraction(abs(lots) * state.markets[at].lot * price, 1000)
        for at, (lots, price) in enumerate(zip(sizes, prices, strict=True))
    ]
    for market, lots in enumerate(sizes):
        value = lots * state.markets[market].lot * prices[market] // 100
        net = min(0, fund - lacking)
        expected = value + ceil(-net * requirements[market] / sum(requirements))
        uncovered = means.deficit(state, account, equity, market).uncovered
        cash = means.bankruptcy_cash(account.positions[market].size, uncovered, state.pricing[market])
        # What the account gets for giving the position up; nobody pays it for taking a short's asset away.
        assert (cash if lots > 0 else -cash) == (expected if lots > 0 else min(0, expected))
