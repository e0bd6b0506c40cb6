"""The underlying leaf: index price as reported, the round that margin reads, and the rules for its oracle."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

UNDERLYING_KIND: Final = 6
_LAYOUT: Final = Layout(">QQQQQHHIBQQHIIIIQQ")


class Underlying(Struct, gc=False):
    """`price` and `time` are of the last report, `round_price` and `round_time` of the active round (0: none yet).

    `report` counts accepted reports, `report_size` is the number of signers of the last one. `slow_price` follows the
    rounds' prices slowly. `resumed_at` is the clock at the first report after an outage. `next_expiry` is the expiry
    that comes next, as id + 1. `staleness` and `grace` in seconds, `deviation` and `confidence` in 1e-6 of the price. A
    source that says `minimum` or less, or `maximum` or more, is at its bounds and says nothing.
    """

    price: int = 0
    time: int = 0
    round: int = 0
    round_price: int = 0
    round_time: int = 0
    market_count: int = 0
    priced_count: int = 0
    report: int = 0
    report_size: int = 0
    slow_price: int = 0
    resumed_at: int = 0
    next_expiry: int = 0
    staleness: int = 0
    deviation: int = 0
    confidence: int = 0
    grace: int = 0
    minimum: int = 0
    maximum: int = 0

    def encode(self) -> bytes:
        """Leaf body: the fields in their order."""
        return _LAYOUT.pack(*astuple(self))

    @classmethod
    def decode(cls, body: bytes) -> Underlying:
        """Inverse of `encode`."""
        return cls(*_LAYOUT.unpack(body))
