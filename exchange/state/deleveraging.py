"""The deleveraging leaf: one event of one side of a market, and what all events so far have left of a unit."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

DELEVERAGING_KIND: Final = 16
SHARE_ONE: Final = 10**18
SHARE_LEAST: Final = 10**9
"""A run of events ends below this share, and the next one starts at one again: nothing of a lot is left by then."""

EVENT_LIMIT: Final = 1 << 16
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">IIQ4QQQQ")


def event_key(market_id: int, side: int, number: int) -> int:
    """Index of an event's leaf; `side` 0 are the longs that were hit, 1 the shorts; numbers start at 1."""
    return (market_id << 1 | side) << 16 | number


class Deleveraging(Struct, gc=False):
    """`share` (1e-18) is what is left of a unit held since the run's `first` event; `cash` the sum of share * price.

    `marks` is that sum at the marks of the events: what lies between the two is what the side has lost by them. `last`
    (of a run's first event, else 0) is the event that ended the run. `price` (1e-8 USD) and `size` (1e-8) are of this
    event alone, at `time`.
    """

    first: int
    last: int
    share: int
    cash: int
    marks: int
    price: int
    size: int
    time: int

    def encode(self) -> bytes:
        """Leaf body."""
        wide = (self.cash >> 64, self.cash & _M64, self.marks >> 64, self.marks & _M64)
        return _LAYOUT.pack(self.first, self.last, self.share, *wide, self.price, self.size, self.time)

    @classmethod
    def decode(cls, body: bytes) -> Deleveraging:
        """Inverse of `encode`."""
        first, last, share, *wide, price, size, time = _LAYOUT.unpack(body)
        return cls(first, last, share, wide[0] << 64 | wide[1], wide[2] << 64 | wide[3], price, size, time)
