"""Where everybody's money is at one moment, in base units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.abi import ZERO_ADDRESS
from clearspan.devnet import Devnet
from exchange.engine import assess
from exchange.engine.views import PositionReport, positions
from exchange.sdk import AssetSpec, Trader


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """An account and its wallets. Cash and equity in 1e-6 USD; `wallets` and `collateral` in base units by asset."""

    account: int
    owner: str
    cash: int
    equity: int
    unrealised: int
    collateral: dict[int, int]
    positions: tuple[PositionReport, ...]
    wallets: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everybody, by name."""

    accounts: dict[str, AccountSnapshot]


def take_snapshot(net: Devnet, traders: Iterable[Trader]) -> Snapshot:
    """Everything the traders have, at the venue and in their wallets."""
    state = net.core.sequencer.state
    found = {}
    for trader in traders:
        number = trader.account
        margin = assess(state, number)
        found[trader.name] = AccountSnapshot(
            account=number,
            owner=trader.address,
            cash=margin.cash,
            equity=margin.equity,
            unrealised=margin.unrealised,
            collateral=dict(sorted(state.accounts[number].collateral.items())),
            positions=tuple(row for row in positions(state, number) if row.size),
            wallets={asset.asset_id: wallet_balance(net, asset, trader.address) for asset in net.core.catalogue.assets},
        )
    return Snapshot(accounts=found)


def wallet_balance(net: Devnet, asset: AssetSpec, address: str) -> int:
    """Base units of an asset that an address holds on the asset's chain."""
    chain = net.core.network.by_id[asset.chain_id]
    if asset.token == ZERO_ADDRESS:
        return chain.balance(address)
    return int(chain.call(chain.contract("TestToken", asset.token).functions.balanceOf(address)))
