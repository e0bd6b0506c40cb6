"""The first state: what is listed, under which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.state import limits
from exchange.state.asset import NO_UNDERLYING, Asset, AssetKind
from exchange.state.config import Config
from exchange.state.header import Header
from exchange.state.market import Market, MarketKind, MarketStatus
from exchange.state.state import State
from exchange.state.underlying import Underlying


class ListingError(ValueError):
    """A specification breaks a rule that the transition function relies on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingSpec:
    """An index. `symbol` is not part of the state."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """A perpetual. Sizes in 1e-8, prices in 1e-8 USD, factors, fees and bands in 1e-6; `symbol` is not in the state."""

    symbol: str
    underlying: int
    tick: int
    lot: int
    min_size: int
    open_interest_cap: int
    multiplier: int = 1
    scan_range: int = 100_000
    maintenance_factor: int = 600_000
    transfer_factor: int = 1_100_000
    taker_fee: int = 500
    maker_fee: int = 200
    liquidation_fee: int = 5_000
    liquidation_slippage: int = 20_000
    price_band: int = 100_000
    status: MarketStatus = MarketStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSpec:
    """One token on one chain. Collateral names the underlying that prices it and a haircut in 1e-6."""

    symbol: str
    chain_id: int
    token: bytes
    kind: AssetKind
    decimals: int
    underlying: int = NO_UNDERLYING
    haircut: int = 0


def genesis(
    config: Config,
    markets: Sequence[MarketSpec],
    underlyings: Sequence[UnderlyingSpec],
    assets: Sequence[AssetSpec],
    *,
    clock: int = 0,
) -> State:
    """Committed state with everything listed and one account, the insurance fund. Raises ListingError."""
    _require(len(underlyings) <= limits.UNDERLYING_LIMIT, "too many underlyings")
    _require(len(markets) <= limits.MARKET_LIMIT, "too many markets")
    _require(len(assets) <= limits.ASSET_LIMIT, "too many assets")
    collaterals = sum(asset.kind == AssetKind.COLLATERAL for asset in assets)
    _require(collaterals <= limits.COLLATERALS_PER_ACCOUNT, "an account must be able to hold every collateral asset")
    state = State(
        config,
        Header(
            clock=clock,
            sequence=0,
            queue_cursor=0,
            account_count=0,
            market_count=0,
            underlying_count=0,
            asset_count=0,
            withdrawal_count=0,
            config_hash=config.hash(),
        ),
    )
    for _ in underlyings:
        state.add_underlying(Underlying())
    ranges = {(market.underlying, market.scan_range) for market in markets}
    _require(
        len(ranges) == len({underlying for underlying, _ in ranges}),
        "markets of one underlying have one scan range: a scenario is one move of the underlying",
    )
    for market in markets:
        state.add_market(_listed_market(market, len(underlyings)))
    seen: set[tuple[int, bytes]] = set()
    for asset in assets:
        _require((asset.chain_id, asset.token) not in seen, "a token is listed once per chain")
        seen.add((asset.chain_id, asset.token))
        state.add_asset(_listed_asset(asset, len(underlyings)))
    state.add_account(config.insurance_owner)
    state.add_hash_use(bytes(32), 0)
    state.commit()
    return state


def _require(condition: bool, rule: str) -> None:  # noqa: FBT001  # reads as the rule it checks
    if not condition:
        raise ListingError(rule)


def _listed_market(spec: MarketSpec, underlyings: int) -> Market:
    one = limits.FACTOR_ONE
    _require(0 <= spec.underlying < underlyings, "a market needs a listed underlying")
    _require(spec.tick > 0 and spec.lot > 0 and 0 < spec.multiplier < 1 << 32, "tick, lot and multiplier are positive")
    _require(spec.tick < limits.PRICE_LIMIT, "the tick is a price")
    _require(
        spec.tick * spec.lot * spec.multiplier % limits.CASH_SCALE == 0,
        "tick * lot * multiplier must be a whole number of cash units",
    )
    _require(0 < spec.min_size < limits.SIZE_LIMIT and spec.min_size % spec.lot == 0, "minimum size is whole lots")
    _require(0 < spec.open_interest_cap < limits.SIZE_LIMIT, "the open interest cap is a size")
    _require(
        limits.PRICE_LIMIT * spec.open_interest_cap * spec.multiplier < limits.COST_LIMIT * limits.CASH_SCALE,
        "no position within the open interest cap may cost more than the leaf holds",
    )
    _require(
        limits.PRICE_LIMIT * spec.scan_range * spec.multiplier < limits.RISK_LIMIT * one,
        "no risk array entry may exceed its leaf",
    )
    _require(0 < spec.scan_range <= one, "the scan range is above 0 and at most 1")
    _require(0 < spec.maintenance_factor <= one, "the maintenance factor is above 0 and at most 1")
    _require(one <= spec.transfer_factor < 1 << 32, "the transfer factor is at least 1")
    for rate in (spec.taker_fee, spec.maker_fee, spec.liquidation_fee, spec.liquidation_slippage, spec.price_band):
        _require(0 <= rate < one, "fees, slippage and bands are at least 0 and below 1")
    return Market(
        underlying=spec.underlying,
        kind=MarketKind.PERPETUAL,
        status=spec.status,
        tick=spec.tick,
        lot=spec.lot,
        min_size=spec.min_size,
        multiplier=spec.multiplier,
        scan_range=spec.scan_range,
        maintenance_factor=spec.maintenance_factor,
        transfer_factor=spec.transfer_factor,
        taker_fee=spec.taker_fee,
        maker_fee=spec.maker_fee,
        liquidation_fee=spec.liquidation_fee,
        liquidation_slippage=spec.liquidation_slippage,
        price_band=spec.price_band,
        open_interest_cap=spec.open_interest_cap,
    )


def _listed_asset(spec: AssetSpec, underlyings: int) -> Asset:
    _require(len(spec.token) == 20 and 0 <= spec.chain_id < 1 << 64, "a token is an address on a chain")
    if spec.kind == AssetKind.CASH:
        _require(spec.decimals == 6, "a cash asset has 6 decimals")
        _require(spec.underlying == NO_UNDERLYING and spec.haircut == 0, "cash has no price and no haircut")
    else:
        _require(0 <= spec.decimals <= 36, "decimals are at most 36")
        _require(0 <= spec.underlying < underlyings, "collateral needs a listed underlying")
        _require(0 <= spec.haircut <= limits.FACTOR_ONE, "the haircut is at most 1")
    return Asset(
        chain_id=spec.chain_id,
        token=spec.token,
        kind=spec.kind,
        decimals=spec.decimals,
        underlying=spec.underlying,
        haircut=spec.haircut,
    )
