"""What an account is worth: cash, collateral after haircuts and by the health of its chain, unrealised profit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exchange.engine.funding import owed
from exchange.state.account import Account, Position
from exchange.state.asset import Asset, AssetKind
from exchange.state.limits import CASH_SCALE, FACTOR_ONE
from exchange.state.pricing import Pricing
from exchange.state.state import State

_POWERS_OF_TEN: Final = tuple(int("1" + "0" * exponent) for exponent in range(64))


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
    """Cash that all collateral counts for against maintenance, whatever the health of its chain.

    What was never priced counts nothing.
    """
    total = 0
    for asset_id, amount in collateral.items():
        asset = state.assets[asset_id]
        total += collateral_value_down(asset, amount, state.underlyings[asset.underlying].round_price)
    return total


def backing_collateral(state: State, collateral: Mapping[int, int]) -> int:
    """Cash that collateral counts for behind new risk and withdrawals: nothing where its chain is sick.

    At the lower of the index and its slow average, so that a short pump of the index frees nothing.
    """
    total = 0
    for asset_id, amount in collateral.items():
        asset = state.assets[asset_id]
        if not asset.health:
            underlying = state.underlyings[asset.underlying]
            price = min(underlying.round_price, underlying.slow_price)
            total += collateral_value_down(asset, amount, price)
    return total


def backing_cash(state: State, account: Account, cash: int) -> int:
    """Cash that counts behind new risk and withdrawals: all of it, or while a chain is sick the healthy share.

    What an account took from healthy chains since the sickness began counts as taken from its share, so that whoever
    leaves first gets no more than who stays. Rounded down; debts count in full.
    """
    if not state.header.sick_count or cash <= 0:
        return cash
    header = state.header
    healthy = total = header.healthy_taken
    for asset in state.assets:
        if asset.kind == AssetKind.CASH:
            total += asset.inventory
            healthy += 0 if asset.health else asset.inventory
    taken = account.healthy_taken if account.sick_episode == header.sick_episode else 0
    if healthy >= total:
        return cash
    return max(0, min(cash, (cash + taken) * healthy // total - taken))


def note_cash_taken(state: State, account: Account, asset: Asset, amount: int) -> None:
    """Remember cash that leaves through a healthy chain while another is sick."""
    header = state.header
    if not header.sick_count or asset.health:
        return
    if account.sick_episode != header.sick_episode:
        account.sick_episode = header.sick_episode
        account.healthy_taken = 0
    account.healthy_taken += amount
    header.healthy_taken += amount


def is_stale(state: State, underlying_id: int) -> bool:
    """Whether a round that exists is older than the oracle's bound."""
    time = state.underlyings[underlying_id].round_time
    return 0 < time < state.header.clock - state.underlyings[underlying_id].staleness


def reads_stale_round(state: State, positions: Mapping[int, Position], collateral: Mapping[int, int]) -> bool:
    """Whether any round that an account's margin reads is too old; what is settled never gets old."""
    clock = state.header.clock
    for market_id in positions:
        pricing = state.pricing[market_id]
        if pricing is not None and pricing.fresh_until < clock:
            return True
    return any(is_stale(state, state.assets[asset_id].underlying) for asset_id in collateral)


def equity_of(state: State, account: Account) -> int:
    """Equity against maintenance, in cash; a market without a round counts at cost."""
    equity = account.cash + total_collateral(state, account.collateral)
    for market_id, position in account.positions.items():
        pricing = state.pricing[market_id]
        if pricing is not None:
            equity += unrealised(position, pricing)
    return equity
