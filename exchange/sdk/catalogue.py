"""The names a trader uses for markets, assets and chains, and what the protocol calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from exchange.sdk.errors import Rejected

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """One market: `tick` in 1e-8 USD, `lot` in 1e-8 of the underlying."""

    market_id: int
    name: str
    tick: int
    lot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSpec:
    """One token on one chain; `token` is the zero address for ether."""

    asset_id: int
    symbol: str
    chain: str
    chain_id: int
    token: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything listed; underlyings are names, their ids their places."""

    markets: tuple[MarketSpec, ...]
    assets: tuple[AssetSpec, ...]
    underlyings: tuple[str, ...] = ()

    def market(self, name: str) -> MarketSpec:
        """The market of that name; raises Rejected(UnknownMarket)."""
        return _find(self.markets, lambda row: row.name == name, "UnknownMarket", name, (m.name for m in self.markets))

    def market_by_id(self, market_id: int) -> MarketSpec:
        """The market with that id; raises Rejected(UnknownMarket)."""
        known = (m.name for m in self.markets)
        return _find(self.markets, lambda row: row.market_id == market_id, "UnknownMarket", str(market_id), known)

    def underlying(self, name: str) -> int:
        """The id of an underlying; raises Rejected(UnknownUnderlying)."""
        rows = tuple(enumerate(self.underlyings))
        return _find(rows, lambda row: row[1] == name, "UnknownUnderlying", name, self.underlyings)[0]

    def underlying_by_id(self, underlying_id: int) -> str:
        """The name of an underlying; raises Rejected(UnknownUnderlying)."""
        rows, wanted = tuple(enumerate(self.underlyings)), str(underlying_id)
        return _find(rows, lambda row: row[0] == underlying_id, "UnknownUnderlying", wanted, self.underlyings)[1]

    def asset(self, *, chain: str, symbol: str) -> AssetSpec:
        """The asset `symbol` on `chain`; raises Rejected(UnknownAsset)."""
        known = (f"{a.symbol} on {a.chain}" for a in self.assets)
        wanted = f"{symbol} on {chain}"
        return _find(self.assets, lambda row: (row.chain, row.symbol) == (chain, symbol), "UnknownAsset", wanted, known)

    def asset_by_id(self, asset_id: int) -> AssetSpec:
        """The asset with that id; raises Rejected(UnknownAsset)."""
        known = (f"{a.symbol} on {a.chain}" for a in self.assets)
        return _find(self.assets, lambda row: row.asset_id == asset_id, "UnknownAsset", str(asset_id), known)


def _find(rows: tuple[Row, ...], matches: Callable[[Row], bool], reason: str, wanted: str, known: Iterable[str]) -> Row:
    for row in rows:
        if matches(row):
            return row
    raise Rejected(reason, f"{wanted}; known: {', '.join(known)}")
