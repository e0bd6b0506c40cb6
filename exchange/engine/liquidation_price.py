"""At which index prices an account falls below its maintenance requirement, all else being as it is."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from exchange.engine import deleveraging
from exchange.engine.equity import collateral_value_down, equity_of, unrealised
from exchange.engine.margin import by_underlying, is_portfolio
from exchange.engine.marking import mark_at
from exchange.engine.requirements import requirements
from exchange.state.account import Account, Position
from exchange.state.asset import NO_UNDERLYING
from exchange.state.limits import PRICE_LIMIT
from exchange.state.market import MarketStatus
from exchange.state.pricing import Pricing
from exchange.state.state import State

GRID: Final = 32
"""Prices looked at below the index, evenly, and above it, up to four times the index: what lies between two of them and
changes twice is not seen. Only options can do that."""
HIGHEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRange:
    """Index prices in 1e-8 USD, the next ones below and above the round's, at which an account may be liquidated.

    None where none was found. An account that may be liquidated now has both at the round's price.
    """

    underlying: int
    below: int | None
    above: int | None


def liquidation_ranges(state: State, account_id: int) -> tuple[LiquidationRange, ...]:
    """One for each underlying of the account's positions and collateral that has a round. Raises KeyError, Rejected."""
    account = deleveraging.settled_view(state, account_id)
    grouped = by_underlying(state, account.positions)
    assets = {state.assets[asset_id].underlying for asset_id in account.collateral} - {NO_UNDERLYING}
    if not grouped:
        return ()
    priced = [number for number in sorted(assets | set(grouped)) if state.underlyings[number].round_price]
    return tuple(_range(state, account, grouped, number) for number in priced)


def _range(
    state: State, account: Account, grouped: dict[int, list[tuple[Position, Pricing]]], underlying_id: int
) -> LiquidationRange:
    index = state.underlyings[underlying_id].round_price
    portfolio = is_portfolio(account)
    own = {
        market_id: position
        for market_id, position in account.positions.items()
        if state.markets[market_id].underlying == underlying_id
    }
    others = {number: entries for number, entries in grouped.items() if number != underlying_id}
    held = {
        asset_id: amount
        for asset_id, amount in account.collateral.items()
        if state.assets[asset_id].underlying == underlying_id
    }

    def collateral(price: int) -> int:
        return sum(collateral_value_down(state.assets[one], amount, price) for one, amount in held.items())

    elsewhere = equity_of(state, account) - collateral(index)
    elsewhere -= sum(unrealised(*entry) for entry in grouped.get(underlying_id, ()))
    elsewhere -= requirements(others, portfolio=portfolio)[1]

    def is_short(price: int) -> bool:
        entries = [(position, _pricing_at(state, market_id, price)) for market_id, position in own.items()]
        equity = elsewhere + collateral(price) + sum(unrealised(*entry) for entry in entries)
        return equity < requirements({underlying_id: entries}, portfolio=portfolio)[1]

    highest = min(PRICE_LIMIT - 1, HIGHEST * index)
    down = [index - index * step // GRID for step in range(GRID)] + [1]
    up = [index + (highest - index) * step // GRID for step in range(GRID + 1)]
    return LiquidationRange(underlying=underlying_id, below=_first(is_short, down), above=_first(is_short, up))


def _first(is_short: Callable[[int], bool], prices: list[int]) -> int | None:
    """The price nearest to the first of the list that is short, to the last digit."""
    good: int | None = None
    for price in prices:
        if not is_short(price):
            good = price
            continue
        if good is None:
            return price
        bad = price
        while abs(bad - good) > 1:
            middle = (bad + good) // 2
            good, bad = (good, middle) if is_short(middle) else (middle, bad)
        return bad
    return None


def _pricing_at(state: State, market_id: int, price: int) -> Pricing:
    market, known = state.markets[market_id], state.pricing[market_id]
    if known is None:  # by_underlying refuses such records
        raise KeyError(market_id)
    underlying = copy(state.underlyings[market.underlying])
    if market.status >= MarketStatus.EXPIRED:
        return known
    mark = state.marks[2 * market_id + (underlying.round & 1)]
    underlying.price, underlying.time = price, underlying.round_time
    moved = Pricing.of(market, mark_at(state, market_id, mark, underlying), alone=known.alone, index=price)
    return replace(moved, funding_index=known.funding_index)
