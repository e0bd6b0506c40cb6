"""Unified margin: equity against the worst of sixteen scenarios per underlying.

Everything is exact in units of 1e-16 USD (cash times `CASH_SCALE`) and rounded against the account once per number.
"""

# ruff: noqa: PLR1730, FURB136  # min() and max() cost a call each on the hottest path
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.engine.funding import owed
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.resting import hidden_loss
from exchange.engine.rounding import div_up, mul_div_up
from exchange.state.account import Account, Position
from exchange.state.asset import Asset, AssetKind
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, SCENARIOS
from exchange.state.pricing import Pricing
from exchange.state.state import State

_POWERS_OF_TEN: Final = tuple(int("1" + "0" * exponent) for exponent in range(64))


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginReport:
    """An account's margin in 1e-6 USD. `withdrawable` is cash that may leave; `stale` says that a round is too old."""

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

    @property
    def is_liquidatable(self) -> bool:
        """Equity below the maintenance requirement."""
        return self.equity < self.maintenance


def worst_profit(position: Position, value: int, risk: int) -> int:
    """Profit of a position and its worst open side in one scenario, in 1e-16 USD; never above `size * risk`.

    `value` is mark times multiplier, `risk` the scenario's entry of the risk array.
    """
    profit = position.size * risk
    worst = 0
    bids = position.bid_quantity
    if bids:
        worst = bids * risk
        at_limit = bids * value - position.bid_notional * CASH_SCALE
        if at_limit < 0:
            worst += at_limit
        if worst > 0:
            worst = 0
    asks = position.ask_quantity
    if asks:
        at_limit = position.ask_notional * CASH_SCALE - asks * value
        sold = -asks * risk
        if at_limit < 0:
            sold += at_limit
        if sold < worst:
            worst = sold
    return profit + worst


def scan_loss(positions: list[tuple[Position, Pricing]]) -> int:
    """Largest loss over the scenarios of one underlying's markets, in 1e-16 USD, not below 0."""
    worst = 0
    for scenario in range(SCENARIOS):
        profit = 0
        for position, pricing in positions:
            profit += worst_profit(position, pricing.value, pricing.scan[scenario])
        worst = min(worst, profit)
    return -worst


def scan_loss_alone(position: Position, pricing: Pricing) -> int:
    """`scan_loss` of a single market: profit is concave in the risk entry, so the worst is at an end of the array."""
    low = worst_profit(position, pricing.value, pricing.low)
    high = worst_profit(position, pricing.value, pricing.high)
    worst = low if low < high else high
    return -worst if worst < 0 else 0


def by_underlying(state: State, positions: Mapping[int, Position]) -> dict[int, list[tuple[Position, Pricing]]]:
    """Position records with the active round's pricing. Raises Rejected for a market without one."""
    grouped: dict[int, list[tuple[Position, Pricing]]] = {}
    for market_id, position in positions.items():
        pricing = state.pricing[market_id]
        if pricing is None:
            raise Rejected(Reason.NO_MARK)
        grouped.setdefault(pricing.underlying, []).append((position, pricing))
    return grouped


def unrealised(position: Position, pricing: Pricing) -> int:
    """Value at the mark less cost and less the funding due, rounded down."""
    profit = position.size * pricing.value // CASH_SCALE - position.cost
    if position.funding_index != pricing.funding_index:
        profit -= owed(position, pricing.funding_index)
    return profit


def collateral_scale(asset: Asset) -> int:
    """What `amount * price * (1 - haircut)` is divided by to become cash; 1 - haircut in 1e-6."""
    return _POWERS_OF_TEN[asset.decimals + 8]


def collateral_value_down(asset: Asset, amount: int, price: int) -> int:
    """Cash that an amount counts for at a price, after the haircut, rounded down."""
    return amount * price * (FACTOR_ONE - asset.haircut) // collateral_scale(asset)


def total_collateral(state: State, collateral: Mapping[int, int]) -> int:
    """Cash that all collateral counts for; what was never priced counts nothing."""
    total = 0
    for asset_id, amount in collateral.items():
        asset = state.assets[asset_id]
        total += collateral_value_down(asset, amount, state.underlyings[asset.underlying].round_price)
    return total


def is_stale(state: State, underlying_id: int) -> bool:
    """Whether a round that exists is older than the oracle's bound."""
    time = state.underlyings[underlying_id].round_time
    return 0 < time < state.header.clock - state.underlyings[underlying_id].staleness


def reads_stale_round(state: State, positions: Mapping[int, Position], collateral: Mapping[int, int]) -> bool:
    """Whether any round that an account's margin reads is too old."""
    return any(is_stale(state, state.markets[market_id].underlying) for market_id in positions) or any(
        is_stale(state, state.assets[asset_id].underlying) for asset_id in collateral
    )


def requirements(grouped: Mapping[int, list[tuple[Position, Pricing]]]) -> tuple[int, int, int]:
    """Initial, maintenance and transfer requirement in cash, each rounded up per underlying."""
    initial = maintenance = transfer = 0
    for positions in grouped.values():
        loss = scan_loss_alone(*positions[0]) if positions[0][1].alone else scan_loss(positions)
        initial += div_up(loss, CASH_SCALE)
        factor = max(pricing.maintenance_factor for _, pricing in positions)
        maintenance += mul_div_up(loss, factor, CASH_SCALE * FACTOR_ONE)
        factor = max(pricing.transfer_factor for _, pricing in positions)
        transfer += mul_div_up(loss, factor, CASH_SCALE * FACTOR_ONE)
    return initial, maintenance, transfer


def assess(state: State, account_id: int) -> MarginReport:
    """Full margin of an account in the active rounds. Raises IndexError for an unknown account."""
    account = state.accounts[account_id]
    grouped = by_underlying(state, account.positions)
    profits = [unrealised(*entry) for entries in grouped.values() for entry in entries]
    collateral = total_collateral(state, account.collateral)
    initial, maintenance, transfer = requirements(grouped)
    staying = account.cash + collateral + sum(min(0, profit) for profit in profits)
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
    )


def require_initial(state: State, account: Account, market_id: int, trial: Position, fee: int) -> None:
    """Check that equity less `fee` covers the initial requirement if `trial` replaces the market's record.

    Raises Rejected(NoMark, StaleMark, InsufficientMargin). Agrees with `assess` of such an account.
    """
    clock = state.header.clock
    equity = account.cash - fee
    required = 0
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
        if pricing.alone:
            required -= -scan_loss_alone(position, pricing) // CASH_SCALE
        else:
            shared.setdefault(pricing.underlying, []).append((position, pricing))
    if shared:
        required += requirements(shared)[0]
    if account.collateral:
        if any(is_stale(state, state.assets[asset_id].underlying) for asset_id in account.collateral):
            raise Rejected(Reason.STALE_MARK)
        equity += total_collateral(state, account.collateral)
    if equity < required:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)


def require_transfer(state: State, account_id: int, asset: Asset, asset_id: int, amount: int) -> None:
    """Check that what stays after a withdrawal covers the transfer requirement, without unrealised profit.

    What open orders could lose beyond their averages has to stay too.

    No round is read where nothing depends on one: without position records and with cash not negative.
    Raises Rejected(NoMark, StaleMark, InsufficientMargin).
    """
    account = state.accounts[account_id]
    cash = account.cash
    collateral = account.collateral
    if asset.kind == AssetKind.CASH:
        cash -= amount
    else:
        collateral = {**collateral, asset_id: collateral[asset_id] - amount}
    if not account.positions and cash >= 0:
        return
    if reads_stale_round(state, account.positions, account.collateral):
        raise Rejected(Reason.STALE_MARK)
    grouped = by_underlying(state, account.positions)
    staying = cash + total_collateral(state, collateral)
    staying += sum(min(0, unrealised(*entry)) for entries in grouped.values() for entry in entries)
    staying -= hidden_loss(state, account_id, account.positions)
    if staying < requirements(grouped)[2]:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)
