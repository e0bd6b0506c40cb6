"""The first state: what is listed, under which rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from exchange.engine.pricing import YEAR_SECONDS, Smile, flaw_of
from exchange.engine.settlement_average import WINDOW_SECONDS
from exchange.engine.smiles import CARRY_LIMIT, fits_neighbours, set_smile
from exchange.state import limits
from exchange.state.asset import NO_UNDERLYING, Asset, AssetKind
from exchange.state.config import Config
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.header import Header
from exchange.state.market import NO_EXPIRY, Market, MarketKind, MarketStatus
from exchange.state.state import State
from exchange.state.underlying import Underlying

FUNDING_CAP_LIMIT: Final = 40_000


class ListingError(ValueError):
    """A specification breaks a rule that the transition function relies on."""


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
class ExpirySpec:
    """An expiry of an underlying at `time`; carry in 1e-9 a year, `volatility_range` (at 30 days) in 1e-6.

    Options need the smile.
    """

    underlying: int
    time: int
    carry: int = 0
    smile: Smile | None = None
    volatility_range: int = 350_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec:
    """A market. Sizes in 1e-8, prices in 1e-8 USD, factors, fees and bands in 1e-6; `symbol` is not in the state.

    `expiry` numbers the expiries of genesis. `funding_cap` and `funding_interest` are rates of an hour in 1e-6; a
    perpetual without a cap pays no funding and is marked at its index.
    """

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
    kind: MarketKind = MarketKind.PERPETUAL
    expiry: int = NO_EXPIRY
    strike: int = 0
    margin_floor: int = 0
    margin_ceiling: int = 0
    margin_growth: int = 0
    funding_interest: int = 0
    funding_cap: int = 0
    backstop_cap: int = 0


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
    for underlying in underlyings:
        state.add_underlying(_listed_underlying(underlying, config))
    for expiry in expiries:
        _list_expiry(state, expiry)
    ranges = {(market.underlying, market.scan_range) for market in markets}
    _require(
        len(ranges) == len({underlying for underlying, _ in ranges}),
        "markets of one underlying have one scan range: a scenario is one move of the underlying",
    )
    for market in markets:
        state.add_market(_listed_market(market, state))
        takers = min(tier.taker for tier in config.fee_tiers) * market.taker_fee
        makers = min(tier.maker * market.maker_fee for tier in config.fee_tiers)
        _require(takers + makers >= 0, "no maker's rebate is larger than any taker's fee")
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


def _listed_market(spec: MarketSpec, state: State) -> Market:
    one = limits.FACTOR_ONE
    _require(0 <= spec.underlying < len(state.underlyings), "a market needs a listed underlying")
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
    for rate in (spec.taker_fee, spec.liquidation_fee, spec.liquidation_slippage, spec.price_band):
        _require(0 <= rate < one, "fees, slippage and bands are at least 0 and below 1")
    _check_contract(spec, state)
    _require(-one < spec.maker_fee < one, "the maker's fee or rebate is below 1")
    return Market(
        underlying=spec.underlying,
        kind=spec.kind,
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
        expiry=spec.expiry,
        strike=spec.strike,
        margin_floor=spec.margin_floor,
        margin_ceiling=spec.margin_ceiling,
        margin_growth=spec.margin_growth,
        funding_interest=spec.funding_interest,
        funding_cap=spec.funding_cap,
        backstop_cap=spec.backstop_cap,
    )


def _check_contract(spec: MarketSpec, state: State) -> None:
    """What depends on the kind of market."""
    is_option = spec.kind in (MarketKind.CALL, MarketKind.PUT)
    if spec.kind == MarketKind.PERPETUAL:
        _require(spec.expiry == NO_EXPIRY, "a perpetual has no expiry")
        _require(0 <= spec.funding_cap <= FUNDING_CAP_LIMIT, "an hour of funding is at most 4 %")
        _require(abs(spec.funding_interest) <= spec.funding_cap, "the interest is within the funding cap")
    else:
        _require(0 <= spec.expiry < len(state.expiries), "a future or an option needs a listed expiry")
        expiry = state.expiries[spec.expiry]
        _require(expiry.underlying == spec.underlying, "a market and its expiry have one underlying")
        _require(not spec.funding_cap and not spec.funding_interest, "only perpetuals pay funding")
        _require(not is_option or expiry.smile_time > 0, "options need a smile")
    if is_option:
        _require(0 < spec.strike < limits.PRICE_LIMIT, "an option's strike is a price")
        _require(
            2 * limits.PRICE_LIMIT * spec.multiplier < limits.RISK_LIMIT, "no risk array entry may exceed its leaf"
        )
    else:
        _require(spec.strike == 0, "only options have a strike")
    _require(0 <= spec.margin_floor <= spec.margin_ceiling < 1 << 64, "the margin's floor is not above its ceiling")
    _require(0 <= spec.backstop_cap < 1 << 62, "the backstop's loss cap is an amount of cash")
    _require(0 <= spec.margin_growth <= 10 * limits.FACTOR_ONE, "the margin grows to eleven times at most")


def _listed_underlying(spec: UnderlyingSpec, config: Config) -> Underlying:
    staleness = config.oracle_staleness if spec.staleness is None else spec.staleness
    grace = staleness if spec.grace is None else spec.grace
    deviation = config.oracle_deviation if spec.deviation is None else spec.deviation
    _require(0 <= spec.minimum < spec.maximum <= limits.PRICE_LIMIT, "a source's bounds are prices")
    for value in (staleness, grace, deviation, spec.confidence):
        _require(0 <= value < 1 << 32, "times and factors of an oracle are below 2^32")
    return Underlying(
        staleness=staleness,
        grace=grace,
        deviation=deviation,
        confidence=spec.confidence,
        minimum=spec.minimum,
        maximum=spec.maximum,
    )


def _list_expiry(state: State, spec: ExpirySpec) -> None:
    clock = state.header.clock
    _require(0 <= spec.underlying < len(state.underlyings), "an expiry needs a listed underlying")
    _require(len(state.expiries) < limits.EXPIRY_LIMIT, "too many expiries")
    _require(clock + 2 * WINDOW_SECONDS <= spec.time <= clock + 4 * YEAR_SECONDS, "an expiry is within four years")
    _require(0 < spec.volatility_range <= limits.FACTOR_ONE, "the volatility range is above 0 and at most 1")
    _require(abs(spec.carry) * (spec.time - clock) < CARRY_LIMIT * YEAR_SECONDS, "the forward is near the index")
    others = [other for other in state.expiries if other.underlying == spec.underlying]
    _require(
        all(abs(other.time - spec.time) >= 2 * WINDOW_SECONDS for other in others),
        "expiries of an underlying are an hour apart",
    )
    expiry_id = state.add_expiry(
        Expiry(spec.underlying, ExpiryStatus.TRADING, spec.time, volatility_range=spec.volatility_range)
    )
    expiry = state.expiries[expiry_id]
    expiry.carry = spec.carry
    if spec.smile is not None:
        _require(clock > 0, "a smile is set at a time")
        _require(flaw_of(spec.smile) is None, "the smile allows no arbitrage")
        _require(fits_neighbours(state, expiry, spec.smile, clock), "neighbouring smiles allow no arbitrage")
        set_smile(expiry, spec.smile, spec.carry, clock)


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
