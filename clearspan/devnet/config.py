"""What a devnet is built from. Everything has a default; an unknown key is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.parameters import NetworkParameters, TokenParameters
from clearspan.devnet.wallets import wallet
from clearspan.listing import CollateralListing, ExpiryListing, Listing, MarketListing, OracleListing
from exchange.sdk.errors import Rejected

Positive = Annotated[int, Field(gt=0)]
Depth = Annotated[int, Field(ge=0, le=256)]

DEFAULT_MARKETS = (
    MarketListing(
        symbol="BTC-PERP",
        underlying="BTC",
        tick=10_000_000,  # 0.1 USD
        lot=100_000,  # 0.001 BTC
        min_size=100_000,
        open_interest_cap=10**14,
        funding_cap=7_500,
        funding_interest=13,
    ),
    MarketListing(
        symbol="ETH-PERP",
        underlying="ETH",
        tick=1_000_000,  # 0.01 USD
        lot=100_000,  # 0.001 ETH
        min_size=100_000,
        open_interest_cap=10**15,
        funding_cap=7_500,
        funding_interest=13,
    ),
)


class DevnetConfig(BaseModel):
    """A devnet's parameters.

    Times in seconds; in whole units, what a new wallet gets on each vault chain, what a chain may be credited
    and what may leave its vault in a day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 1
    start_time: Positive = 1_767_225_600
    block_seconds: Positive = 2
    settlement_chain_id: Positive = 412_001
    vault_chain_ids: tuple[Positive, Positive] = (412_002, 412_003)
    validators: Annotated[int, Field(ge=4, le=16)] = 4
    finality_depths: tuple[Depth, Depth, Depth] = (0, 0, 0)
    """Blocks on top of a final one, settlement chain first; 0 is final at once."""
    challenge_seconds: Positive = 12
    challenge_blocks: Positive = 6
    inclusion_delay_seconds: Positive = 600
    max_clock_lag_seconds: Positive = 600
    batch_interval_seconds: Positive = 4
    health_recovery_seconds: Positive = 60
    health_recovery_blocks: Positive = 10
    oracle_staleness_seconds: Positive = 300
    smile_staleness_seconds: Positive = 3_600
    quote_workers: Annotated[int, Field(ge=0, le=64)] = 1
    """Processes that price options ahead; none are started where no option is listed."""
    oracle_deviation: Annotated[int, Field(gt=0, lt=10**6)] = 500_000
    wallet_usdc: Positive = 1_000_000
    wallet_eth: Positive = 1_000
    credit_cap_usdc: Positive = 10_000_000
    credit_window_cap_usdc: Positive = 2_500_000
    vault_cap_usdc: Positive = 10_000_000
    markets: tuple[MarketListing, ...] = DEFAULT_MARKETS
    expiries: tuple[ExpiryListing, ...] = ()
    eth_haircut: Annotated[int, Field(ge=0, le=10**6)] = 50_000

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """A configuration from outside; raises Rejected(UnknownKey or BadConfig) naming every key that is wrong."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            unknown = any(problem["type"] == "extra_forbidden" for problem in problems)
            where = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
            raise Rejected("UnknownKey" if unknown else "BadConfig", where) from error

    def network(self) -> NetworkParameters:
        """What the contracts are deployed with."""
        return NetworkParameters(
            challenge_seconds=self.challenge_seconds,
            challenge_blocks=self.challenge_blocks,
            inclusion_delay_seconds=self.inclusion_delay_seconds,
            max_clock_lag_seconds=self.max_clock_lag_seconds,
            health_recovery_seconds=self.health_recovery_seconds,
            health_recovery_blocks=self.health_recovery_blocks,
            tokens=(
                TokenParameters(
                    credit_cap=self.credit_cap_usdc,
                    credit_window_cap=self.credit_window_cap_usdc,
                    vault_cap=self.vault_cap_usdc,
                ),
            ),
        )

    def listing(self) -> Listing:
        """What the exchange lists, with this seed's oracle keys."""
        signers = sorted((wallet(self.seed, name).address for name in ORACLE_NAMES), key=str.lower)
        return Listing(
            clock=self.start_time,
            insurance_owner=wallet(self.seed, INSURANCE_NAME).address,
            cash="USDC",
            underlyings=tuple(dict.fromkeys([*(market.underlying for market in self.markets), "ETH"])),
            markets=self.markets,
            expiries=self.expiries,
            collateral=(CollateralListing(symbol="ETH", underlying="ETH", haircut=self.eth_haircut),),
            oracle=OracleListing(
                signers=tuple(signers),
                threshold=len(signers),
                staleness=self.oracle_staleness_seconds,
                smile_staleness=self.smile_staleness_seconds,
                deviation=self.oracle_deviation,
            ),
        )


ORACLE_NAMES = ("oracle 1", "oracle 2", "oracle 3")
INSURANCE_NAME = "insurance"
