"""Where the devnet's oracle keys have their prices and smiles from: boards anyone can write on."""

from __future__ import annotations

from collections.abc import Callable

from chains import Clock
from exchange.engine.pricing import Smile
from exchange.state.expiry import Expiry
from relayers.ports import SourcePrice, SourceSmile


class PriceBoard:
    """The latest price per underlying id, as of when it was written, or of the last heartbeat after that.

    Without new prices a heartbeat (seconds) keeps the last one from going stale.
    """

    def __init__(self, clock: Clock, *, heartbeat_seconds: int) -> None:
        self._clock = clock
        self._heartbeat_seconds = heartbeat_seconds
        self._prices: dict[int, SourcePrice] = {}

    def set(self, underlying: int, price_e8: int) -> None:
        """Writes a price in 1e-8 USD."""
        self._prices[underlying] = SourcePrice(price_e8=price_e8, time=self._clock.now())

    def latest(self, underlying: int) -> SourcePrice | None:
        """The newest price, None before the first."""
        price = self._prices.get(underlying)
        if price is None:
            return None
        beats = (self._clock.now() - price.time) // self._heartbeat_seconds
        return SourcePrice(price_e8=price.price_e8, time=price.time + beats * self._heartbeat_seconds)


class SmileBoard:
    """The latest smile per expiry id; without a new one a heartbeat (seconds) says the same volatility again.

    `expiry`: what the exchange has of one. A smile's variance is for the time from when it was set, so what is left of
    it is said of the time that is left.
    """

    def __init__(self, clock: Clock, expiry: Callable[[int], Expiry], *, heartbeat_seconds: int) -> None:
        self._clock = clock
        self._expiry = expiry
        self._heartbeat_seconds = heartbeat_seconds
        self._smiles: dict[int, SourceSmile] = {}

    def set(self, expiry: int, smile: Smile, carry: int = 0) -> None:
        """Writes a smile (1e-18) for the time from now to the expiry, and a carry in 1e-9 a year."""
        self._smiles[expiry] = SourceSmile(smile=smile, carry=carry, time=self._clock.now())

    def latest(self, expiry: int) -> SourceSmile | None:
        """The newest smile, None for an expiry that never had one."""
        leaf = self._expiry(expiry)
        written = self._smiles.get(expiry)
        if written is not None and written.time > leaf.smile_time:
            return written
        now = self._clock.now()
        if not leaf.smile_time or now < leaf.smile_time + self._heartbeat_seconds or now >= leaf.time:
            return None
        left, span = leaf.time - now, leaf.time - leaf.smile_time
        smile = Smile(leaf.a * left // span, leaf.b * left // span, leaf.rho, leaf.m, leaf.sigma)
        return SourceSmile(smile=smile, carry=leaf.carry, time=now)
