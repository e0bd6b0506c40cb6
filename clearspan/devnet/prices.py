"""Where the devnet's oracle keys have their prices from: a board anyone can write on."""

from __future__ import annotations

from chains import Clock
from relayers.ports import SourcePrice


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
