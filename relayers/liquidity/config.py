"""The file a provider runs from: a party's own, with what it asks, what it risks and where it listens."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment
from bridge.swaps.guarantees import Guarantee
from exchange.sdk.amounts import CASH_DECIMALS, to_base_units
from exchange.sdk.catalogue import Catalogue
from exchange.sdk.errors import Rejected
from relayers.liquidity.limits import Limits, Place
from relayers.liquidity.pricing import PPM, Tariff
from relayers.liquidity.provider import Terms
from relayers.operating.config import ListenSection, Section
from relayers.swap_config import SwapConfig, assets_of

_Decimal = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
_Ppm = Annotated[int, Field(ge=0, lt=PPM)]
_USD_DECIMALS = 8
_PLACE = re.compile(r"(?P<symbol>[A-Za-z0-9]+)@(?P<chain>[a-z][a-z0-9-]*)")


class TariffSection(Section):
    """See `pricing.Tariff`. Prices in USD; volatility a year, 0.8 is 80 %; spread by guarantee, softer is dearer."""

    prices: dict[str, _Decimal]
    volatility: dict[str, Annotated[float, Field(ge=0, le=10)]]
    spread_ppm: dict[Guarantee, _Ppm]
    capital_ppm: _Ppm = 100_000
    gas: Annotated[int, Field(ge=0)] = 400_000
    gas_price_wei: Annotated[int, Field(ge=0)] = 10**9


class LimitsSection(Section):
    """See `limits.Limits`. USD and whole units; `assets` as `USDC@beta`, or `USD@exchange` for cash."""

    per_swap_usd: _Decimal
    total_usd: _Decimal
    soft_usd: _Decimal
    open: Annotated[int, Field(gt=0)] = 100
    per_customer: Annotated[int, Field(gt=0)] = 3
    assets: dict[str, _Decimal]


class ProviderConfig(SwapConfig):
    """The whole file."""

    tariff: TariffSection
    limits: LimitsSection
    listen: ListenSection = ListenSection(port=9_480)
    valid_seconds: Annotated[int, Field(gt=0, le=3_600)] = 30

    def terms(self) -> Terms:
        """Tariff and limits; raises Rejected for an asset or chain that the network does not have."""
        network = self.network()
        spread = self.tariff.spread_ppm
        if set(spread) != set(Guarantee):
            raise Rejected("BadConfig", f"tariff.spread_ppm: one for each of {', '.join(Guarantee)}")
        if not spread[Guarantee.SOFT] >= spread[Guarantee.POSTED] >= spread[Guarantee.FINAL]:
            raise Rejected("BadConfig", "tariff.spread_ppm: what is softer is not cheaper")
        catalogue = assets_of(network)
        assets = dict(_asset_limit(network, catalogue, name, most) for name, most in self.limits.assets.items())
        return Terms(
            tariff=Tariff(
                prices_e8={symbol: _usd_e8(price) for symbol, price in self.tariff.prices.items()} | {"USD": 10**8},
                volatility=self.tariff.volatility,
                spread_ppm=spread,
                capital_ppm=self.tariff.capital_ppm,
                gas=self.tariff.gas,
                gas_price=self.tariff.gas_price_wei,
            ),
            limits=Limits(
                per_swap_e8=_usd_e8(self.limits.per_swap_usd),
                total_e8=_usd_e8(self.limits.total_usd),
                soft_e8=_usd_e8(self.limits.soft_usd),
                open=self.limits.open,
                per_customer=self.limits.per_customer,
                assets=assets,
            ),
            valid_seconds=self.valid_seconds,
            safety_deposit=self.habits.safety_deposit,
        )


def _asset_limit(network: Deployment, catalogue: Catalogue, name: str, most: str) -> tuple[Place, int]:
    if name == "USD@exchange":
        place = network.settlement.chain_id, str(network.settlement.rollup)
        return place, to_base_units(most, decimals=CASH_DECIMALS, what=f"limits.assets.{name}")
    found = _PLACE.fullmatch(name)
    if found is None:
        raise Rejected("BadConfig", f"limits.assets.{name}: not like USDC@beta")
    spec = catalogue.asset(chain=found["chain"], symbol=found["symbol"])
    units = to_base_units(most, decimals=spec.decimals, what=f"limits.assets.{name}")
    return (spec.chain_id, spec.token or ZERO_ADDRESS), units


def _usd_e8(text: str) -> int:
    """Zero is a limit too."""
    return int(Decimal(text).scaleb(_USD_DECIMALS))
