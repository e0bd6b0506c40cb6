"""The underlying leaf: index price as reported, and the round that margin reads."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

UNDERLYING_KIND: Final = 6
_LAYOUT: Final = Layout(">QQQQQHH")


class Underlying(Struct, gc=False):
    """`price` and `time` are of the last report, `round_price` and `round_time` of the active round (0: none yet)."""

    price: int = 0
    time: int = 0
    round: int = 0
    round_price: int = 0
    round_time: int = 0
    market_count: int = 0
    priced_count: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            self.price,
            self.time,
            self.round,
            self.round_price,
            self.round_time,
            self.market_count,
            self.priced_count,
        )

    @classmethod
    def decode(cls, body: bytes) -> Underlying:
        """Inverse of `encode`."""
        return cls(*_LAYOUT.unpack(body))
