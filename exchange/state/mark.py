"""The mark leaf: one market's price, sensitivities, margin factors and risk array in one round."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from exchange.state.limits import FACTOR_ONE

MARK_KIND: Final = 5
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">QQIiQqqQI16q")


class Mark(Struct, gc=False, frozen=True):
    """`price` in 1e-8 USD; `scan[i]` the profit in 1e-8 USD of a long of 1e8 in scenario `i`, multiplier included.

    `report` is the underlying's report that it was made from. `funding_index` is what a long of 1e8 has paid since
    listing, in 1e-12 USD. `delta` (1e-8) and `vega` (1e-8 USD per 1.00 of volatility) are of a long of 1e8 with the
    multiplier; `short_minimum` is what a short of 1e8 requires at least, in 1e-8 USD; `margin_factor` (1e-6, at least
    1) is what the open interest makes of the scan loss.
    """

    time: int
    price: int
    scan: tuple[int, ...]
    report: int = 0
    funding_index: int = 0
    delta: int = 0
    vega: int = 0
    short_minimum: int = 0
    margin_factor: int = FACTOR_ONE

    def encode(self) -> bytes:
        """Leaf body; the array is last."""
        return _LAYOUT.pack(
            self.time,
            self.price,
            self.report,
            self.funding_index >> 64,
            self.funding_index & _M64,
            self.delta,
            self.vega,
            self.short_minimum,
            self.margin_factor,
            *self.scan,
        )

    @classmethod
    def decode(cls, body: bytes) -> Mark:
        """Inverse of `encode`."""
        time, price, report, high, low, delta, vega, short_minimum, factor, *scan = _LAYOUT.unpack(body)
        return cls(time, price, tuple(scan), report, high << 64 | low, delta, vega, short_minimum, factor)
