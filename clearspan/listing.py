"""What the exchange of a network lists, as the deployment file keeps it, and the genesis state that follows from it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from eth_utils.address import to_canonical_address
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.deployment import Deployment, GenesisInputs
from bridge.registry import Address
from exchange.engine import AssetSpec, ExpirySpec, MarketSpec, UnderlyingSpec, genesis
from exchange.engine.pricing import Smile
from exchange.state.asset import NO_UNDERLYING, AssetKind
from exchange.state.config import Config
from exchange.state.market import NO_EXPIRY, MarketKind
from exchange.state.state import State

Factor = Annotated[int, Field(ge=0, lt=1 << 32)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmileListing(_Entry):
    """An expiry's SVI parameters in 1e-18; see docs/protocol/pricing.md."""

    a: int
    b: int
    rho: int
    m: int
    sigma: int


class ExpiryListing(_Entry):
    """When futures and options end: `seconds` after the listing's clock. Carry in 1e-9 a year."""

    symbol: str
    underlying: str
    seconds: Annotated[int, Field(gt=0)]
    carry: int = 0
    smile: SmileListing | None = None
    volatility_range: Factor = 350_000


class MarketListing(_Entry):
    """One market. Sizes in 1e-8 of the underlying, prices in 1e-8 USD, factors, fees, bands and hourly rates in 1e-6.

    A future or an option names its expiry. A perpetual without a funding cap is marked at its index.
    """

    symbol: str
    underlying: str
    tick: Annotated[int, Field(gt=0)]
    lot: Annotated[int, Field(gt=0)]
    min_size: Annotated[int, Field(gt=0)]
    open_interest_cap: Annotated[int, Field(gt=0)]
    scan_range: Factor = 100_000
    maintenance_factor: Factor = 600_000
    transfer_factor: Factor = 1_100_000
    taker_fee: Factor = 500
    maker_fee: Factor = 200
    liquidation_fee: Factor = 5_000
    liquidation_slippage: Factor = 20_000
    price_band: Factor = 100_000
    kind: Literal["perpetual", "future", "call", "put"] = "perpetual"
    expiry: str | None = None
    strike: Annotated[int, Field(ge=0)] = 0
    funding_cap: Factor = 0
    funding_interest: int = 0
    margin_floor: Annotated[int, Field(ge=0)] = 0
    margin_ceiling: Annotated[int, Field(ge=0)] = 0
    margin_growth: Factor = 0


class CollateralListing(_Entry):
    """A token that counts at its index price less `haircut` (1e-6), on every chain it exists on."""

    symbol: str
    underlying: str
    haircut: Factor


class OracleListing(_Entry):
    """Whose prices count: `signers` addresses, `threshold` of them, `staleness` in seconds, `deviation` in 1e-6.

    `smile_staleness`: seconds after which an option's smile is too old, 0 for never.
    """

    signers: tuple[Address, ...]
    threshold: Annotated[int, Field(ge=1, le=255)]
    staleness: Annotated[int, Field(gt=0)]
    smile_staleness: Annotated[int, Field(ge=0)] = 0
    deviation: Factor


class Listing(_Entry):
    """Everything genesis depends on besides the addresses of the network. `cash` names the token that is cash."""

    clock: Annotated[int, Field(ge=0)]
    insurance_owner: Address
    cash: str
    underlyings: tuple[str, ...]
    markets: tuple[MarketListing, ...]
    expiries: tuple[ExpiryListing, ...] = ()
    collateral: tuple[CollateralListing, ...]
    oracle: OracleListing

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        named = [(row.symbol, row.underlying) for row in self.markets]
        named += [(row.symbol, row.underlying) for row in self.collateral]
        named += [(row.symbol, row.underlying) for row in self.expiries]
        for symbol, underlying in named:
            if underlying not in self.underlyings:
                raise ValueError(f"{symbol} has the unknown underlying {underlying}")
        expiries = {row.symbol for row in self.expiries}
        for market in self.markets:
            if market.expiry is not None and market.expiry not in expiries:
                raise ValueError(f"{market.symbol} has the unknown expiry {market.expiry}")
        return self


def genesis_inputs(network: Deployment, listing: Listing) -> GenesisInputs:
    """What `deploy_network` gave to genesis, read back from the deployment."""
    return GenesisInputs(
        settlement_chain=network.settlement.chain_id,
        rollup=network.settlement.rollup,
        insurance_owner=listing.insurance_owner,
        assets=network.assets,
    )


def genesis_state(listing: Listing, inputs: GenesisInputs) -> State:
    """The committed first state. Raises ListingError or ValueError where a listing breaks a rule of the exchange."""
    order = {symbol: number for number, symbol in enumerate(listing.underlyings)}
    collateral = {row.symbol: row for row in listing.collateral}
    config = Config(
        settlement_chain=inputs.settlement_chain,
        rollup=to_canonical_address(inputs.rollup),
        insurance_owner=to_canonical_address(inputs.insurance_owner),
        oracle_threshold=listing.oracle.threshold,
        oracle_staleness=listing.oracle.staleness,
        oracle_deviation=listing.oracle.deviation,
        smile_staleness=listing.oracle.smile_staleness,
        signers=tuple(to_canonical_address(signer) for signer in listing.oracle.signers),
    )
    expiry_order = {row.symbol: number for number, row in enumerate(listing.expiries)}
    markets = [
        MarketSpec(
            **{
                **row.model_dump(),
                "underlying": order[row.underlying],
                "kind": MarketKind[row.kind.upper()],
                "expiry": NO_EXPIRY if row.expiry is None else expiry_order[row.expiry],
            }
        )
        for row in listing.markets
    ]
    expiries = [
        ExpirySpec(
            underlying=order[row.underlying],
            time=listing.clock + row.seconds,
            carry=row.carry,
            smile=None if row.smile is None else Smile(**row.smile.model_dump()),
            volatility_range=row.volatility_range,
        )
        for row in listing.expiries
    ]
    assets = []
    for row in inputs.assets:
        is_cash = row.symbol == listing.cash
        rule = None if is_cash else collateral[row.symbol]
        assets.append(
            AssetSpec(
                symbol=row.symbol,
                chain_id=row.chain_id,
                token=to_canonical_address(row.token),
                kind=AssetKind.CASH if is_cash else AssetKind.COLLATERAL,
                decimals=row.decimals,
                underlying=NO_UNDERLYING if rule is None else order[rule.underlying],
                haircut=0 if rule is None else rule.haircut,
            )
        )
    underlyings = [UnderlyingSpec(symbol=symbol) for symbol in listing.underlyings]
    return genesis(config, markets, underlyings, assets, expiries=expiries, clock=listing.clock)
