"""The venue as a trader reads it: names for ids, Decimals for integers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from exchange import engine
from exchange.engine import Balances, MarginReport, PositionReport, Simulation
from exchange.sdk.amounts import CASH_DECIMALS, PRICE_DECIMALS, SIZE_DECIMALS, from_base_units
from exchange.sdk.catalogue import Catalogue, MarketSpec
from exchange.sdk.orders import WORDS, order_id
from exchange.sdk.results import (
    Balance,
    Level,
    LiquidationPrice,
    Margin,
    OpenOrder,
    OrderResult,
    Position,
    Simulated,
)
from exchange.state.limits import CASH_SCALE


def balance(catalogue: Catalogue, held: Balances, margin: MarginReport) -> Balance:
    """An account in whole units."""
    collateral: dict[tuple[str, str], Decimal] = {}
    for asset_id, amount in held.collateral.items():
        asset = catalogue.asset_by_id(asset_id)
        collateral[asset.symbol, asset.chain] = from_base_units(amount, decimals=asset.decimals)
    return Balance(
        account=margin.account,
        cash=_cash(held.cash),
        collateral=collateral,
        equity=_cash(margin.equity),
        initial_margin=_cash(margin.initial),
        maintenance_margin=_cash(margin.maintenance),
        withdrawable=_cash(margin.withdrawable),
    )


def margin(report: MarginReport) -> Margin:
    """Margin in USD."""
    return Margin(
        equity=_cash(report.equity),
        backing=_cash(report.backing),
        initial=_cash(report.initial),
        maintenance=_cash(report.maintenance),
        transfer=_cash(report.transfer),
        withdrawable=_cash(report.withdrawable),
    )


def simulated(catalogue: Catalogue, found: Simulation, order: OrderResult | None = None) -> Simulated:
    """A simulation in whole units."""
    return Simulated(
        reason=None if found.reason is None else found.reason.value,
        before=margin(found.before),
        after=margin(found.after),
        liquidation=tuple(
            LiquidationPrice(
                underlying=catalogue.underlying_by_id(row.underlying),
                below=None if row.below is None else _price(row.below),
                above=None if row.above is None else _price(row.above),
            )
            for row in found.liquidation
        ),
        order=order if found.reason is None else None,
    )


def positions(catalogue: Catalogue, reports: Iterable[PositionReport]) -> tuple[Position, ...]:
    """Open positions. The entry price is rounded down to 1e-8 USD."""
    return tuple(
        Position(
            market=catalogue.market_by_id(held.market).name,
            size=from_base_units(held.size, decimals=SIZE_DECIMALS),
            entry_price=_price(held.cost * CASH_SCALE // held.size),
            mark_price=None if held.mark is None else _price(held.mark),
            unrealised=_cash(held.unrealised),
        )
        for held in reports
        if held.size
    )


def levels(rows: Iterable[engine.Level]) -> tuple[Level, ...]:
    """Price levels in whole units."""
    return tuple(Level(price=_price(row.price), size=from_base_units(row.size, decimals=SIZE_DECIMALS)) for row in rows)


def open_order(market: MarketSpec, order: engine.OpenOrder) -> OpenOrder:
    """One order, resting or waiting."""
    return OpenOrder(
        order_id=order_id(market, order.slot, order.sequence),
        market=market.name,
        side=WORDS[order.side],
        price=_price(order.price),
        remaining=from_base_units(order.remaining, decimals=SIZE_DECIMALS),
        client_id=order.nonce,
        shown=from_base_units(order.shown, decimals=SIZE_DECIMALS),
        trigger_price=_price(order.trigger) if order.trigger else None,
    )


def _cash(units: int) -> Decimal:
    return from_base_units(units, decimals=CASH_DECIMALS)


def _price(units: int) -> Decimal:
    return from_base_units(units, decimals=PRICE_DECIMALS)
