"""What a provider asks: the fair amount less the option it gives, its gas, its spread and its capital's time."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.swaps.exposure import SECONDS_PER_YEAR, free_option_share
from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.quotes import Price
from exchange.sdk.errors import Rejected

PPM = 10**6
_PPB = 10**9
_ETHER = 10**18
_ETHER_SYMBOL = "ETH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Base units of something priced by its symbol; cash of the exchange is `USD` with 6 decimals."""

    symbol: str
    decimals: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """How a provider prices.

    prices_e8: USD by symbol. volatility: a year, 1.0 is 100 %, by symbol; those of two add up, as if they moved apart.
    spread_ppm: of the amount, by the guarantee somebody relies on. capital_ppm: of the amount, for a year of its being
    locked. gas: of all the provider's transactions of a swap. gas_price: wei.
    """

    prices_e8: Mapping[str, int]
    volatility: Mapping[str, float]
    spread_ppm: Mapping[Guarantee, int]
    capital_ppm: int
    gas: int
    gas_price: int

    def price_e8(self, symbol: str) -> int:
        """USD; raises Rejected(NoPrice)."""
        price = self.prices_e8.get(symbol, 0)
        if price <= 0:
            raise Rejected("NoPrice", symbol)
        return price

    def value_e8(self, amount: Amount) -> int:
        """USD of an amount, rounded up."""
        return _up(amount.units * self.price_e8(amount.symbol), int(10**amount.decimals))


def price(  # noqa: PLR0913 - a quote's own facts
    tariff: Tariff, kind: SwapKind, guarantee: Guarantee, gives: Amount, takes: Amount, *, window: int, locked: int
) -> tuple[int, Price]:
    """Base units the customer takes for what it gives, and what was taken off; every part rounded against it.

    window: seconds the customer can choose in, where it initiates; on entry the provider does, and has the option.
    locked: seconds the provider's money is bound at the most. Raises Rejected(TooSmall).
    """
    takes_price = tariff.price_e8(takes.symbol)
    scale = 10**takes.decimals
    fair = gives.units * tariff.price_e8(gives.symbol) * scale // (takes_price * 10**gives.decimals)
    volatility = 0.0
    if gives.symbol != takes.symbol:
        volatility = sum(tariff.volatility.get(symbol, 0.0) for symbol in (gives.symbol, takes.symbol))
    option_ppb = 0 if kind is SwapKind.ENTRY else int(free_option_share(volatility, window) * _PPB) + 1
    wei = tariff.gas * tariff.gas_price
    parts = Price(
        option_premium=_up(fair * option_ppb, _PPB) if option_ppb > 1 else 0,
        gas=_up(wei * tariff.price_e8(_ETHER_SYMBOL) * scale, takes_price * _ETHER),
        spread=_up(fair * tariff.spread_ppm[guarantee], PPM),
        capital=_up(fair * tariff.capital_ppm * locked, PPM * SECONDS_PER_YEAR),
    )
    if parts.total >= fair:
        raise Rejected("TooSmall", f"the amount does not pay for its own costs of {parts.total}")
    return fair - parts.total, parts


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
