from __future__ import annotations

import pytest

from exchange.engine import Balances, Level, OpenOrder, PositionReport, balances, depth, open_orders
from exchange.engine.views import account_of, positions
from exchange.state import Side

UNIT = 10**8
USD = 10**6


def test_depth_sums_levels_best_first(venue) -> None:
    venue.sell(1, 50_010, 1)
    venue.sell(2, 50_010, 0.5)
    venue.sell(1, 50_020, 1)
    venue.buy(2, 49_990, 2)
    venue.buy(2, 49_980, 2)
    book = depth(venue.state, 0, 1)
    assert book.asks == (Level(price=50_010 * UNIT, size=15 * UNIT // 10, orders=2),)
    assert book.bids == (Level(price=49_990 * UNIT, size=2 * UNIT, orders=1),)
    assert [level.price // UNIT for level in depth(venue.state, 0).bids] == [49_990, 49_980]
    with pytest.raises(IndexError):
        depth(venue.state, 2)


def test_open_orders_are_those_of_the_account(venue) -> None:
    venue.sell(1, 50_010, 1)
    venue.buy(2, 49_990, 2)
    venue.buy(1, 2_900, 3, market=1)
    first, second = open_orders(venue.state, 1)
    assert first == OpenOrder(
        market=0,
        slot=0,
        sequence=1,
        account=1,
        side=Side.ASK,
        price=50_010 * UNIT,
        remaining=UNIT,
        nonce=venue.nonce - 2,
        expiry=2**63,
        shown=UNIT,
    )
    assert (second.market, second.side) == (1, Side.BID)
    assert open_orders(venue.state, 1, market=1) == [second]
    assert open_orders(venue.state, 0) == []


def test_positions_and_balances(venue) -> None:
    venue.sell(1, 50_000, 1)
    venue.buy(2, 50_000, 1)
    venue.price(btc=50_500)
    assert positions(venue.state, 2) == [
        PositionReport(
            market=0,
            size=UNIT,
            cost=50_000 * USD,
            mark=50_500 * UNIT,
            unrealised=500 * USD,
            bid_quantity=0,
            ask_quantity=0,
        )
    ]
    account = venue.open_account(usd=5, weth=1)
    assert balances(venue.state, account) == Balances(cash=5 * USD, collateral={2: 10**18})


def test_accounts_are_found_by_owner(venue) -> None:
    assert account_of(venue.state, venue.signers[2].address) == 2
    assert account_of(venue.state, b"\x01" * 20) is None
