"""The order leaf: a slot of a market, live in the book, waiting in a trigger list, or free."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from struct import Struct as Layout
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

ORDER_KIND: Final = 4
SLOT_BITS: Final = 24
SLOT_MASK: Final = (1 << SLOT_BITS) - 1

FREE: Final = 0xFF
"""Stands where a live order has its side."""

UNTIL_CANCELLED: Final = (1 << 64) - 1
"""`expiry` of an order that rests until it is cancelled."""

_LIVE: Final = Layout(">QIIBBQQIIQQQBQQQ")
_FREE: Final = Layout(">QBI")


class Side(IntEnum):
    """Side of the book."""

    BID = 0
    ASK = 1


class TimeInForce(IntEnum):
    """What happens to what is not filled at once; good-till-time is GTC with a time."""

    GTC = 0
    IOC = 1
    FOK = 2
    POST_ONLY = 3
    POST_ONLY_SLIDE = 4


class OrderFlag(IntFlag):
    """Bits of an order's flags. A trigger waits for the mark to be at or above it, or at or below it."""

    REDUCE_ONLY = 1
    TRIGGER_ABOVE = 2
    TRIGGER_BELOW = 4


class Order(Struct, gc=False):
    """One slot. `previous` and `next` are slot + 1 in price-time order; in a free slot `next` is the next free one.

    `sequence` names the order as long as it lives, `priority` is when it came to its place in the queue. `remaining`
    is what the book shows, `hidden` what is behind it, shown by `display` at a time. `trigger` (0: in the book) is the
    mark it waits for, and its lists are then in order of triggers.
    """

    sequence: int
    account: int
    epoch: int
    side: int
    flags: int
    price: int
    remaining: int
    previous: int
    next: int
    nonce: int
    expiry: int
    priority: int = 0
    time_in_force: int = 0
    hidden: int = 0
    display: int = 0
    trigger: int = 0

    def free(self, next_free: int) -> None:
        """Turn the slot into a free one; its sequence stays."""
        self.account = self.epoch = self.flags = self.price = self.remaining = self.previous = 0
        self.nonce = self.expiry = self.priority = self.time_in_force = 0
        self.hidden = self.display = self.trigger = 0
        self.side = FREE
        self.next = next_free

    def encode(self) -> bytes:
        """Leaf body: the fields in their order, 91 bytes, or 13 where the slot is free."""
        if self.side == FREE:
            return _FREE.pack(self.sequence, FREE, self.next)
        return _LIVE.pack(*astuple(self))

    @classmethod
    def decode(cls, body: bytes) -> Order:
        """Inverse of `encode`."""
        if len(body) == _FREE.size:
            sequence, _, following = _FREE.unpack(body)
            return cls(sequence, 0, 0, FREE, 0, 0, 0, 0, following, 0, 0)
        return cls(*_LIVE.unpack(body))
