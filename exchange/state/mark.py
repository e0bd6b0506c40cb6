"""The mark leaf: one market's price and risk array in one round."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

MARK_KIND: Final = 5
_LAYOUT: Final = Layout(">QQ16q")


class Mark(Struct, gc=False, frozen=True):
    """`price` in 1e-8 USD; `scan[i]` the profit in 1e-8 USD of a long of 1e8 in scenario `i`, multiplier included."""

    time: int
    price: int
    scan: tuple[int, ...]

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(self.time, self.price, *self.scan)

    @classmethod
    def decode(cls, body: bytes) -> Mark:
        """Inverse of `encode`."""
        time, price, *scan = _LAYOUT.unpack(body)
        return cls(time, price, tuple(scan))
