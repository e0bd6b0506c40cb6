"""The expiry leaf: when markets end, what prices them until then, and at what they are settled."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

EXPIRY_KIND: Final = 7
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">HBQHHqQII" + "qQ" * 5 + "qQ" + "IIQHH")


class ExpiryStatus(IntEnum):
    """Whether its settlement price is known."""

    TRADING = 1
    SETTLED = 2


class Expiry(Struct, gc=False):
    """One expiry of an underlying, at `time`.

    `previous` and `next` (id + 1, 0 is none) order an underlying's expiries that are not settled. `carry` is what the
    forward is above the index in a year, in 1e-9 of the index. `a` to `sigma` are the smile (1e-18), set
    `smile_version` times, last for `smile_time` (0: none). `volatility_range` in 1e-6.
    `average_sum` is price (1e-8) times seconds over `average_seconds` of the last half hour, of `average_samples`
    reports. `market_count` of its markets are listed,
    `settled_count` have their settlement.
    """

    underlying: int
    status: int
    time: int
    previous: int = 0
    next: int = 0
    carry: int = 0
    smile_time: int = 0
    smile_version: int = 0
    volatility_range: int = 0
    a: int = 0
    b: int = 0
    rho: int = 0
    m: int = 0
    sigma: int = 0
    average_sum: int = 0
    average_seconds: int = 0
    average_samples: int = 0
    settlement_price: int = 0
    market_count: int = 0
    settled_count: int = 0

    def encode(self) -> bytes:
        """Leaf body: the fields in their order."""
        fields = astuple(self)
        return _LAYOUT.pack(
            *fields[:_WIDE_FROM],
            *(part for value in fields[_WIDE_FROM:_WIDE_TO] for part in (value >> 64, value & _M64)),
            *fields[_WIDE_TO:],
        )

    @classmethod
    def decode(cls, body: bytes) -> Expiry:
        """Inverse of `encode`."""
        fields = _LAYOUT.unpack(body)
        narrow = _WIDE_FROM + 2 * (_WIDE_TO - _WIDE_FROM)
        wide = [fields[at] << 64 | fields[at + 1] for at in range(_WIDE_FROM, narrow, 2)]
        return cls(*fields[:_WIDE_FROM], *wide, *fields[narrow:])


_WIDE_FROM: Final = Expiry.__struct_fields__.index("a")
_WIDE_TO: Final = Expiry.__struct_fields__.index("average_sum") + 1
