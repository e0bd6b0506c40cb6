"""Accounts of a replay: they sign like any trader and keep track of what rests."""

from __future__ import annotations

from exchange.engine import Signer, sign_cancel_order, sign_place_order
from exchange.sdk import MarketSpec
from exchange.state.config import Domain
from exchange.state.order import TimeInForce

FOREVER = (1 << 64) - 1


class SigningAccount:
    """One account that signs orders. Nonces count up from the clock's milliseconds."""

    def __init__(self, *, account: int, key: bytes, domain: Domain) -> None:
        self.account = account
        self._signer = Signer(key)
        self._domain = domain
        self._nonce = 0

    def nonce(self, now: int) -> int:
        """A fresh nonce at a clock in seconds."""
        self._nonce = max(self._nonce + 1, now * 1000)
        return self._nonce

    def limit_order(self, market: MarketSpec, *, side: int, price: int, size: int, nonce: int) -> bytes:
        """A resting order."""
        return self._order(market, side, price, size, nonce, TimeInForce.GTC)

    def marketable_order(self, market: MarketSpec, *, side: int, price: int, size: int, nonce: int) -> bytes:
        """Immediate or cancel, at `price` at worst."""
        return self._order(market, side, price, size, nonce, TimeInForce.IOC)

    def cancel(self, market: MarketSpec, *, slot: int, sequence: int, nonce: int) -> bytes:
        """Takes a resting order out of the book."""
        return sign_cancel_order(
            self._signer,
            self._domain,
            account=self.account,
            market=market.market_id,
            slot=slot,
            sequence=sequence,
            nonce=nonce,
            expiry=FOREVER,
        )

    def _order(  # noqa: PLR0913, PLR0917 - the fields of an order
        self, market: MarketSpec, side: int, price: int, size: int, nonce: int, time_in_force: TimeInForce
    ) -> bytes:
        return sign_place_order(
            self._signer,
            self._domain,
            account=self.account,
            market=market.market_id,
            side=side,
            time_in_force=time_in_force,
            price=price,
            size=size,
            nonce=nonce,
            expiry=FOREVER,
        )
