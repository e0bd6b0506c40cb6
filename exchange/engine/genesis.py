"""The first state: what is listed, under which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.engine.listing import ExpirySpec, ListingError, MarketSpec, list_expiry, market_of, require
from exchange.state import limits
from exchange.state.asset import NO_UNDERLYING, Asset, AssetKind
from exchange.state.config import Config
from exchange.state.header import Header
from exchange.state.state import State
from exchange.state.underlying import Underlying

__all__ = ["AssetSpec", "ExpirySpec", "ListingError", "MarketSpec", "UnderlyingSpec", "genesis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderlyingSpec:
    """An index and the rules of its oracle; `symbol` is not part of the state.

    `staleness`, `grace` (seconds; the config's staleness unless told), `deviation` (the config's unless told) and
    `confidence` in 1e-6 of the price; sources that say no more than `minimum`, or `maximum` and more (1e-8 USD), are at
    their bounds and do not count.
    """

    symbol: str
    staleness: int | None = None
    deviation: int | None = None
    confidence: int = 20_000
    grace: int | None = None
    minimum: int = 0
    maximum: int = limits.PRICE_LIMIT


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


def genesis(  # noqa: PLR0913
    config: Config,
    markets: Sequence[MarketSpec],
    underlyings: Sequence[UnderlyingSpec],
    assets: Sequence[AssetSpec],
    *,
    expiries: Sequence[ExpirySpec] = (),
    clock: int = 0,
) -> State:
    """Committed state with everything listed and one account, the insurance fund. Raises ListingError."""
    require(len(underlyings) <= limits.UNDERLYING_LIMIT, "too many underlyings")
    require(len(markets) <= limits.MARKET_LIMIT, "too many markets")
    require(len(assets) <= limits.ASSET_LIMIT, "too many assets")
    collaterals = sum(asset.kind == AssetKind.COLLATERAL for asset in assets)
    require(collaterals <= limits.COLLATERALS_PER_ACCOUNT, "an account must be able to hold every collateral asset")
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
    for underlying in underlyings:
        state.add_underlying(_listed_underlying(underlying, config))
    for expiry in expiries:
        list_expiry(state, expiry)
    ranges = {(market.underlying, market.scan_range) for market in markets}
    require(
        len(ranges) == len({underlying for underlying, _ in ranges}),
        "markets of one underlying have one scan range: a scenario is one move of the underlying",
    )
    for market in markets:
        state.add_market(market_of(market, state))
    seen: set[tuple[int, bytes]] = set()
    for asset in assets:
        require((asset.chain_id, asset.token) not in seen, "a token is listed once per chain")
        seen.add((asset.chain_id, asset.token))
        state.add_asset(_listed_asset(asset, len(underlyings)))
    state.add_account(config.insurance_owner)
    state.add_hash_use(bytes(32), 0)
    state.commit()
    return state


def _listed_underlying(spec: UnderlyingSpec, config: Config) -> Underlying:
    staleness = config.oracle_staleness if spec.staleness is None else spec.staleness
    grace = staleness if spec.grace is None else spec.grace
    deviation = config.oracle_deviation if spec.deviation is None else spec.deviation
    require(0 <= spec.minimum < spec.maximum <= limits.PRICE_LIMIT, "a source's bounds are prices")
    for value in (staleness, grace, deviation, spec.confidence):
        require(0 <= value < 1 << 32, "times and factors of an oracle are below 2^32")
    return Underlying(
        staleness=staleness,
        grace=grace,
        deviation=deviation,
        confidence=spec.confidence,
        minimum=spec.minimum,
        maximum=spec.maximum,
    )


def _listed_asset(spec: AssetSpec, underlyings: int) -> Asset:
    require(len(spec.token) == 20 and 0 <= spec.chain_id < 1 << 64, "a token is an address on a chain")
    if spec.kind == AssetKind.CASH:
        require(spec.decimals == 6, "a cash asset has 6 decimals")
        require(spec.underlying == NO_UNDERLYING and spec.haircut == 0, "cash has no price and no haircut")
    else:
        require(0 <= spec.decimals <= 36, "decimals are at most 36")
        require(0 <= spec.underlying < underlyings, "collateral needs a listed underlying")
        require(0 <= spec.haircut <= limits.FACTOR_ONE, "the haircut is at most 1")
    return Asset(
        chain_id=spec.chain_id,
        token=spec.token,
        kind=spec.kind,
        decimals=spec.decimals,
        underlying=spec.underlying,
        haircut=spec.haircut,
    )
