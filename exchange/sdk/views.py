"""Leaves of the state as a trader reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from exchange.engine.margin import MarginReport
from exchange.sdk.amounts import CASH_DECIMALS, PRICE_DECIMALS, SIZE_DECIMALS, from_base_units
from exchange.sdk.catalogue import Catalogue, MarketSpec
from exchange.sdk.orders import WORDS, order_id
from exchange.sdk.results import Balance, Level, OpenOrder, Position
from exchange.state.account import Account
from exchange.state.limits import CASH_SCALE
from exchange.state.order import Order


def balance(catalogue: Catalogue, number: int, leaf: Account, margin: MarginReport) -> Balance:
    """An account in whole units."""
    collateral = {}
    for asset_id, amount in sorted(leaf.collateral.items()):
        asset = catalogue.asset_by_id(asset_id)
        collateral[asset.symbol, asset.chain] = from_base_units(amount, decimals=asset.decimals)
    return Balance(
        account=number,
        cash=from_base_units(leaf.cash, decimals=CASH_DECIMALS),
        collateral=collateral,
        equity=from_base_units(margin.equity, decimals=CASH_DECIMALS),
        initial_margin=from_base_units(margin.initial, decimals=CASH_DECIMALS),
        maintenance_margin=from_base_units(margin.maintenance, decimals=CASH_DECIMALS),
        withdrawable=from_base_units(margin.withdrawable, decimals=CASH_DECIMALS),
    )


def positions(catalogue: Catalogue, leaf: Account, marks: Mapping[int, int]) -> tuple[Position, ...]:
    """Open positions; `marks` by market id in 1e-8 USD. Entry price and profit are rounded down."""
    return tuple(
        Position(
            market=catalogue.market_by_id(market).name,
            size=from_base_units(held.size, decimals=SIZE_DECIMALS),
            entry_price=from_base_units(held.cost * CASH_SCALE // held.size, decimals=PRICE_DECIMALS),
            mark_price=from_base_units(marks[market], decimals=PRICE_DECIMALS),
            unrealised=from_base_units(held.size * marks[market] // CASH_SCALE - held.cost, decimals=CASH_DECIMALS),
        )
        for market, held in sorted(leaf.positions.items())
        if held.size
    )


def levels(rows: Iterable[tuple[int, int]]) -> tuple[Level, ...]:
    """(price, size) pairs in whole units."""
    return tuple(
        Level(price=from_base_units(price, decimals=PRICE_DECIMALS), size=from_base_units(size, decimals=SIZE_DECIMALS))
        for price, size in rows
    )


def open_order(market: MarketSpec, slot: int, order: Order) -> OpenOrder:
    """One resting order."""
    return OpenOrder(
        order_id=order_id(market, slot, order.sequence),
        market=market.name,
        side=WORDS[order.side],
        price=from_base_units(order.price, decimals=PRICE_DECIMALS),
        remaining=from_base_units(order.remaining, decimals=SIZE_DECIMALS),
        client_id=order.nonce,
    )
