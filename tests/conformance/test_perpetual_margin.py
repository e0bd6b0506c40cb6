"""Published liquidation prices of perpetual positions (dYdX documentation) under this venue's maintenance rule."""

from __future__ import annotations

import pytest

from exchange.engine import AssetSpec, MarketSpec, UnderlyingSpec, assess, genesis
from exchange.engine.marking import risk_array
from exchange.state import AssetKind, Config, Mark, State
from exchange.state.account import Position
from exchange.state.pricing import Pricing

UNIT = 10**8
USD = 10**6


@pytest.fixture(scope="module")
def examples(vector) -> dict[str, dict[str, float]]:
    return vector("perp-margin-examples.json")["docs_examples"]


def venue(maintenance: float) -> State:
    """Two perpetuals of two underlyings, whose maintenance is `maintenance` of the notional: half of a scan range."""
    market = {
        "tick": 10**6,
        "lot": 10**4,
        "min_size": 10**4,
        "open_interest_cap": 10**12,
        "scan_range": round(2 * maintenance * 10**6),
        "maintenance_factor": 500_000,
    }
    state = genesis(
        Config(
            settlement_chain=1,
            rollup=bytes(20),
            insurance_owner=bytes(20),
            oracle_threshold=3,
            oracle_staleness=60,
            oracle_deviation=0,
            signers=(b"a" * 20, b"b" * 20, b"c" * 20),
        ),
        [MarketSpec(symbol=symbol, underlying=at, **market) for at, symbol in enumerate(["ETH-PERP", "OTHER-PERP"])],
        [UnderlyingSpec(symbol="ETH"), UnderlyingSpec(symbol="OTHER")],
        [AssetSpec(symbol="USDC", chain_id=1, token=bytes(20), kind=AssetKind.CASH, decimals=6)],
    )
    state.add_account(b"o" * 20)
    return state


def mark(state: State, market: int, price: float) -> None:
    price_e8 = round(price * UNIT)
    leaf = state.markets[market]
    state.pricing[market] = Pricing.of(leaf, Mark(1, price_e8, risk_array(leaf, price_e8)), alone=True)


@pytest.mark.parametrize("example", ["isolated_liq_price", "cross_liq_price"])
def test_liquidation_price(examples, example: str) -> None:
    case = examples[example]
    state = venue(case["mmf"])
    account = state.accounts[1]
    account.cash = round(case["e"] * USD)
    account.positions[0] = Position(round(case["s"] * UNIT), round(case["s"] * case["p"] * USD))
    if "other_mmr" in case:
        notional = round(case["other_mmr"] / case["mmf"] * USD)
        account.positions[1] = Position(UNIT, notional)
        mark(state, 1, notional / USD)
    mark(state, 0, case["p"])
    assert not assess(state, 1).is_liquidatable
    # The publication rounds to cents or tenths of them: a short is safe just below, liquidatable just above.
    mark(state, 0, case["expected"] - 0.05)
    assert not assess(state, 1).is_liquidatable
    mark(state, 0, case["expected"] + 0.05)
    assert assess(state, 1).is_liquidatable


def test_the_published_margin_fractions(vector) -> None:
    """A scan range of the initial fraction with half of it for maintenance requires what the two fractions say."""
    markets = vector("perp-margin-examples.json")["markets"]
    state = venue(markets["BTC"]["mmf"])
    for number, (_, market) in enumerate(sorted(markets.items())):
        assert market["imf"] == 2 * market["mmf"]
        mark(state, number, market["price"])
        account = state.accounts[1]
        for size in (UNIT, -UNIT):
            account.positions = {number: Position(size, market["price"] * (USD if size > 0 else -USD))}
            report = assess(state, 1)
            assert report.initial == market["imf"] * market["price"] * USD
            assert report.maintenance == market["mmf"] * market["price"] * USD
