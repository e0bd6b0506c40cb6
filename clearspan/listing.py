"""What the exchange of a network lists, as the deployment file keeps it, and the genesis state that follows from it."""

from __future__ import annotations

from typing import Annotated, Self

from eth_utils.address import to_canonical_address
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.deployment import Deployment, GenesisInputs
from bridge.registry import Address
from exchange.engine import AssetSpec, MarketSpec, UnderlyingSpec, genesis
from exchange.state.asset import NO_UNDERLYING, AssetKind
from exchange.state.config import Config
from exchange.state.state import State

Factor = Annotated[int, Field(ge=0, lt=1 << 32)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MarketListing(_Entry):
    """One perpetual. Sizes in 1e-8 of the underlying, `tick` in 1e-8 USD, factors, fees and bands in 1e-6."""

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


class CollateralListing(_Entry):
    """A token that counts at its index price less `haircut` (1e-6), on every chain it exists on."""

    symbol: str
    underlying: str
    haircut: Factor


class OracleListing(_Entry):
    """Whose prices count: `signers` addresses, `threshold` of them, `staleness` in seconds, `deviation` in 1e-6."""

    signers: tuple[Address, ...]
    threshold: Annotated[int, Field(ge=1, le=255)]
    staleness: Annotated[int, Field(gt=0)]
    deviation: Factor


class Listing(_Entry):
    """Everything genesis depends on besides the addresses of the network. `cash` names the token that is cash."""

    clock: Annotated[int, Field(ge=0)]
    insurance_owner: Address
    cash: str
    underlyings: tuple[str, ...]
    markets: tuple[MarketListing, ...]
    collateral: tuple[CollateralListing, ...]
    oracle: OracleListing

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        named = [(row.symbol, row.underlying) for row in self.markets]
        named += [(row.symbol, row.underlying) for row in self.collateral]
        for symbol, underlying in named:
            if underlying not in self.underlyings:
                raise ValueError(f"{symbol} has the unknown underlying {underlying}")
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
        signers=tuple(to_canonical_address(signer) for signer in listing.oracle.signers),
    )
    markets = [MarketSpec(**{**row.model_dump(), "underlying": order[row.underlying]}) for row in listing.markets]
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
    return genesis(config, markets, underlyings, assets, clock=listing.clock)
