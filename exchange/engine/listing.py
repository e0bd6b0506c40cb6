"""What may be listed: the rules that the transition function relies on, at genesis and in operations alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exchange.engine.pricing import YEAR_SECONDS, Smile, flaw_of
from exchange.engine.settlement_average import WINDOW_SECONDS
from exchange.engine.smiles import CARRY_LIMIT, fits_neighbours, set_smile
from exchange.state import limits
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.market import NO_EXPIRY, Market, MarketKind, MarketStatus
from exchange.state.state import State

FUNDING_CAP_LIMIT: Final = 40_000


class ListingError(ValueError):
    """A specification breaks a rule that the transition function relies on."""


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


def require(condition: bool, rule: str) -> None:  # noqa: FBT001  # reads as the rule it checks
    """Raise ListingError unless a rule is kept."""
    if not condition:
        raise ListingError(rule)


def market_of(spec: MarketSpec, state: State) -> Market:
    """Leaf of a market that may be listed now. Raises ListingError."""
    one = limits.FACTOR_ONE
    require(0 <= spec.underlying < len(state.underlyings), "a market needs a listed underlying")
    require(spec.tick > 0 and spec.lot > 0 and 0 < spec.multiplier < 1 << 32, "tick, lot and multiplier are positive")
    require(spec.tick < limits.PRICE_LIMIT, "the tick is a price")
    require(
        spec.tick * spec.lot * spec.multiplier % limits.CASH_SCALE == 0,
        "tick * lot * multiplier must be a whole number of cash units",
    )
    require(0 < spec.min_size < limits.SIZE_LIMIT and spec.min_size % spec.lot == 0, "minimum size is whole lots")
    require(0 < spec.open_interest_cap < limits.SIZE_LIMIT, "the open interest cap is a size")
    require(
        limits.PRICE_LIMIT * spec.open_interest_cap * spec.multiplier < limits.COST_LIMIT * limits.CASH_SCALE,
        "no position within the open interest cap may cost more than the leaf holds",
    )
    require(
        limits.PRICE_LIMIT * spec.scan_range * spec.multiplier < limits.RISK_LIMIT * one,
        "no risk array entry may exceed its leaf",
    )
    require(0 < spec.scan_range <= one, "the scan range is above 0 and at most 1")
    require(0 < spec.maintenance_factor <= one, "the maintenance factor is above 0 and at most 1")
    require(one <= spec.transfer_factor < 1 << 32, "the transfer factor is at least 1")
    for rate in (spec.taker_fee, spec.liquidation_fee, spec.liquidation_slippage, spec.price_band):
        require(0 <= rate < one, "fees, slippage and bands are at least 0 and below 1")
    tiers = state.config.liquidation_tiers
    for rate, most in (
        (spec.liquidation_fee, max(tier.fee for tier in tiers)),
        (spec.liquidation_slippage, max(tier.slippage for tier in tiers)),
    ):
        require(rate * most < one * one, "fee and slippage of a liquidation are below 1 in every tier")
    _check_contract(spec, state)
    require(-one < spec.maker_fee < one, "the maker's fee or rebate is below 1")
    _check_fees(spec, state)
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
        require(spec.expiry == NO_EXPIRY, "a perpetual has no expiry")
        require(0 <= spec.funding_cap <= FUNDING_CAP_LIMIT, "an hour of funding is at most 4 %")
        require(abs(spec.funding_interest) <= spec.funding_cap, "the interest is within the funding cap")
    else:
        require(0 <= spec.expiry < len(state.expiries), "a future or an option needs a listed expiry")
        expiry = state.expiries[spec.expiry]
        require(expiry.underlying == spec.underlying, "a market and its expiry have one underlying")
        require(not spec.funding_cap and not spec.funding_interest, "only perpetuals pay funding")
        require(not is_option or expiry.smile_time > 0, "options need a smile")
    if is_option:
        require(0 < spec.strike < limits.PRICE_LIMIT, "an option's strike is a price")
        require(2 * limits.PRICE_LIMIT * spec.multiplier < limits.RISK_LIMIT, "no risk array entry may exceed its leaf")
    else:
        require(spec.strike == 0, "only options have a strike")
    require(0 <= spec.margin_floor <= spec.margin_ceiling < 1 << 64, "the margin's floor is not above its ceiling")
    require(0 <= spec.backstop_cap < 1 << 62, "the backstop's loss cap is an amount of cash")
    require(0 <= spec.margin_growth <= 10 * limits.FACTOR_ONE, "the margin grows to eleven times at most")


def _check_fees(spec: MarketSpec, state: State) -> None:
    """Whoever makes and takes with one hand must not earn by it."""
    tiers = state.config.fee_tiers
    takers = min(tier.taker for tier in tiers) * spec.taker_fee
    makers = min(tier.maker * spec.maker_fee for tier in tiers)
    require(takers + makers >= 0, "no maker's rebate is larger than any taker's fee")


def list_expiry(state: State, spec: ExpirySpec) -> None:
    """Add an expiry. Raises ListingError with nothing changed."""
    clock = state.header.clock
    require(0 <= spec.underlying < len(state.underlyings), "an expiry needs a listed underlying")
    require(len(state.expiries) < limits.EXPIRY_LIMIT, "too many expiries")
    require(clock + 2 * WINDOW_SECONDS <= spec.time <= clock + 4 * YEAR_SECONDS, "an expiry is within four years")
    require(0 < spec.volatility_range <= limits.FACTOR_ONE, "the volatility range is above 0 and at most 1")
    require(abs(spec.carry) * (spec.time - clock) < CARRY_LIMIT * YEAR_SECONDS, "the forward is near the index")
    others = [other for other in state.expiries if other.underlying == spec.underlying]
    require(
        all(abs(other.time - spec.time) >= 2 * WINDOW_SECONDS for other in others),
        "expiries of an underlying are an hour apart",
    )
    expiry_id = state.add_expiry(
        Expiry(spec.underlying, ExpiryStatus.TRADING, spec.time, volatility_range=spec.volatility_range)
    )
    expiry = state.expiries[expiry_id]
    expiry.carry = spec.carry
    if spec.smile is not None:
        require(clock > 0, "a smile is set at a time")
        require(flaw_of(spec.smile) is None, "the smile allows no arbitrage")
        require(fits_neighbours(state, expiry, spec.smile, clock), "neighbouring smiles allow no arbitrage")
        set_smile(expiry, spec.smile, spec.carry, clock)
