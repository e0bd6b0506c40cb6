"""Unified margin: what an account is worth against what its positions and orders require.

Everything is exact in units of 1e-16 USD (cash times `CASH_SCALE`) and rounded against the account once per number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.engine import deleveraging
from exchange.engine.equity import (
    backing_cash,
    backing_collateral,
    is_stale,
    reads_stale_round,
    total_collateral,
    unrealised,
)
from exchange.engine.funding import owed
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.requirements import market_loss, portfolio_loss, requirements, scan_loss, scan_loss_alone
from exchange.engine.resting import hidden_loss
from exchange.state.account import Account, AccountFlag, Position
from exchange.state.asset import Asset, AssetKind
from exchange.state.limits import CASH_SCALE, FACTOR_ONE
from exchange.state.pricing import Pricing
from exchange.state.state import State

__all__ = [
    "MarginReport",
    "assess",
    "by_underlying",
    "is_portfolio",
    "require_initial",
    "require_standing",
    "require_transfer",
    "required_of",
    "requirements",
    "scan_loss",
    "scan_loss_alone",
]

_PORTFOLIO: Final = int(AccountFlag.PORTFOLIO_MARGIN)
_SCALE: Final = CASH_SCALE * FACTOR_ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginReport:
    """An account's margin in 1e-6 USD. `withdrawable` is cash that may leave; `stale` says that a round is too old.

    `equity` is what maintenance is held against, `backing` what the initial requirement is: collateral at the lower of
    index and slow average, and only what healthy chains back.
    """

    account: int
    cash: int
    collateral: int
    unrealised: int
    equity: int
    initial: int
    maintenance: int
    transfer: int
    withdrawable: int
    stale: bool
    backing: int = 0

    @property
    def is_liquidatable(self) -> bool:
        """Equity below the maintenance requirement."""
        return self.equity < self.maintenance


def by_underlying(state: State, positions: Mapping[int, Position]) -> dict[int, list[tuple[Position, Pricing]]]:
    """Position records with the active round's pricing. Raises Rejected for a market without one."""
    grouped: dict[int, list[tuple[Position, Pricing]]] = {}
    for market_id, position in positions.items():
        pricing = state.pricing[market_id]
        if pricing is None:
            raise Rejected(Reason.NO_MARK)
        grouped.setdefault(pricing.underlying, []).append((position, pricing))
    return grouped


def is_portfolio(account: Account) -> bool:
    """Whether the account's markets of one underlying are margined together."""
    return bool(account.flags & _PORTFOLIO)


def required_of(state: State, account: Account, positions: Mapping[int, Position]) -> tuple[int, int, int]:
    """Initial, maintenance and transfer requirement if the account held these records. Raises Rejected(NoMark)."""
    return requirements(by_underlying(state, positions), portfolio=is_portfolio(account))


def assess(state: State, account_id: int) -> MarginReport:
    """Full margin of an account in the active rounds, deleveraging included. Raises KeyError for an unknown account."""
    return report_of(state, account_id, deleveraging.settled_view(state, account_id))


def report_of(state: State, account_id: int, account: Account) -> MarginReport:
    """Margin of what an account would be. Raises Rejected(NoMark)."""
    grouped = by_underlying(state, account.positions)
    profits = [unrealised(*entry) for entries in grouped.values() for entry in entries]
    collateral = total_collateral(state, account.collateral)
    backing = backing_cash(state, account, account.cash) + backing_collateral(state, account.collateral)
    initial, maintenance, transfer = requirements(grouped, portfolio=is_portfolio(account))
    staying = backing + sum(min(0, profit) for profit in profits)
    staying -= hidden_loss(state, account_id, account.positions)
    return MarginReport(
        account=account_id,
        cash=account.cash,
        collateral=collateral,
        unrealised=sum(profits),
        equity=account.cash + collateral + sum(profits),
        initial=initial,
        maintenance=maintenance,
        transfer=transfer,
        withdrawable=max(0, min(account.cash, staying - transfer)),
        stale=reads_stale_round(state, account.positions, account.collateral),
        backing=backing + sum(profits),
    )


def require_standing(state: State, account_id: int, account: Account) -> None:
    """Check that an account as given meets its initial requirement by fresh rounds. Raises Rejected."""
    deleveraging.require_settled(state, account_id, account)
    if reads_stale_round(state, account.positions, account.collateral):
        raise Rejected(Reason.STALE_MARK)
    report = report_of(state, account_id, account)
    if report.backing < report.initial:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)


def require_initial(  # noqa: C901, PLR0913, PLR0917
    state: State, account: Account, market_id: int, trial: Position, fee: int, growth: int = FACTOR_ONE
) -> None:
    """Check that what backs new risk, less `fee`, covers the initial requirement with `trial` as the market's record.

    `growth` is what the market's open interest would make of it, where that is more than the mark says.
    Raises Rejected(NoMark, StaleMark, InsufficientMargin). Agrees with `assess` of such an account.
    """
    clock = state.header.clock
    equity = (backing_cash(state, account, account.cash) if state.header.sick_count else account.cash) - fee
    required = 0
    portfolio = account.flags & _PORTFOLIO
    shared: dict[int, list[tuple[Position, Pricing]]] = {}
    records = account.positions if market_id in account.positions else {**account.positions, market_id: trial}
    for held_id, held in records.items():
        position = trial if held_id == market_id else held
        pricing = state.pricing[held_id]
        if pricing is None:
            raise Rejected(Reason.NO_MARK)
        if pricing.fresh_until < clock:
            raise Rejected(Reason.STALE_MARK)
        equity += position.size * pricing.value // CASH_SCALE - position.cost
        if position.funding_index != pricing.funding_index:
            equity -= owed(position, pricing.funding_index)
        if portfolio and not pricing.alone:
            shared.setdefault(pricing.underlying, []).append((position, pricing))
            continue
        factor = pricing.margin_factor
        if held_id == market_id and growth > factor:
            factor = growth
        required -= -market_loss(position, pricing) * factor // _SCALE
    traded = state.markets[market_id].underlying
    for underlying_id, entries in shared.items():
        factor = max(pricing.margin_factor for _, pricing in entries)
        if underlying_id == traded:
            factor = max(factor, growth)
        loss = portfolio_loss(entries) if len(entries) > 1 else market_loss(*entries[0])
        required -= -loss * factor // _SCALE
    if account.collateral:
        if any(is_stale(state, state.assets[asset_id].underlying) for asset_id in account.collateral):
            raise Rejected(Reason.STALE_MARK)
        equity += backing_collateral(state, account.collateral)
    if equity < required:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)


def require_transfer(state: State, account_id: int, asset: Asset, asset_id: int, amount: int) -> None:
    """Check that what stays after a withdrawal covers the transfer requirement, without unrealised profit.

    What open orders could lose beyond their averages has to stay too. While a chain is sick cash leaves only within
    the account's healthy share, and collateral of a sick chain backs nothing.
    No round is read where nothing depends on one: without position records and with cash not negative.
    Raises Rejected(DeleveragingDue, NoMark, StaleMark, InsufficientMargin).
    """
    account = state.accounts[account_id]
    deleveraging.require_settled(state, account_id, account)
    cash = account.cash
    collateral = account.collateral
    backing = backing_cash(state, account, cash)
    if asset.kind == AssetKind.CASH:
        cash -= amount
        if asset.health:
            backing = min(backing, cash)
        else:
            backing -= amount
            if backing < 0:
                raise Rejected(Reason.BEYOND_HEALTHY_SHARE if cash >= 0 else Reason.INSUFFICIENT_MARGIN)
    else:
        collateral = {**collateral, asset_id: collateral[asset_id] - amount}
    if not account.positions and cash >= 0:
        return
    if reads_stale_round(state, account.positions, account.collateral):
        raise Rejected(Reason.STALE_MARK)
    grouped = by_underlying(state, account.positions)
    staying = backing + backing_collateral(state, collateral)
    staying += sum(min(0, unrealised(*entry)) for entries in grouped.values() for entry in entries)
    staying -= hidden_loss(state, account_id, account.positions)
    if staying < requirements(grouped, portfolio=is_portfolio(account))[2]:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)
