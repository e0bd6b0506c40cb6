"""The order leaf: a slot of a market's book, live or free."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

ORDER_KIND: Final = 4
SLOT_BITS: Final = 24
SLOT_MASK: Final = (1 << SLOT_BITS) - 1

FREE: Final = 0xFF
"""Stands where a live order has its side."""

_LIVE: Final = Layout(">QIIBBQQIIQQ")
_FREE: Final = Layout(">QBI")


class Side(IntEnum):
    """Side of the book."""

    BID = 0
    ASK = 1


class TimeInForce(IntEnum):
    """What happens to what is not filled at once."""

    GTC = 0
    IOC = 1
    FOK = 2
    POST_ONLY = 3


class Order(Struct, gc=False):
    """One slot. `previous` and `next` are slot + 1 in price-time order; in a free slot `next` is the next free one."""

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

    def free(self, next_free: int) -> None:
        """Turn the slot into a free one; its sequence stays."""
        self.account = self.epoch = self.flags = self.price = self.remaining = self.previous = 0
        self.nonce = self.expiry = 0
        self.side = FREE
        self.next = next_free

    def encode(self) -> bytes:
        """Leaf body: 58 bytes live, 13 free."""
        if self.side == FREE:
            return _FREE.pack(self.sequence, FREE, self.next)
        return _LIVE.pack(
            self.sequence,
            self.account,
            self.epoch,
            self.side,
            self.flags,
            self.price,
            self.remaining,
            self.previous,
            self.next,
            self.nonce,
            self.expiry,
        )

    @classmethod
    def decode(cls, body: bytes) -> Order:
        """Inverse of `encode`."""
        if len(body) == _FREE.size:
            sequence, _, following = _FREE.unpack(body)
            return cls(sequence, 0, 0, FREE, 0, 0, 0, 0, following, 0, 0)
        return cls(*_LIVE.unpack(body))
