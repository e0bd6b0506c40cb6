"""The shortage leaf: withdrawals that wait for an asset's inventory, and what is there to bring it back."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

SHORTAGE_KIND: Final = 12
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">II6Q")


class Shortage(Struct, gc=False):
    """`head` and `tail` are ids + 1 of waiting withdrawals, 0 where nobody waits. Amounts in base units.

    `waiting` is their sum, `incoming` what open reservations will deposit, `pool` the fees that rebates are paid from.
    """

    head: int = 0
    tail: int = 0
    waiting: int = 0
    incoming: int = 0
    pool: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        amounts = (self.waiting, self.incoming, self.pool)
        return _LAYOUT.pack(
            self.head, self.tail, *(half for amount in amounts for half in (amount >> 64, amount & _M64))
        )

    @classmethod
    def decode(cls, body: bytes) -> Shortage:
        """Inverse of `encode`."""
        head, tail, *halves = _LAYOUT.unpack(body)
        waiting, incoming, pool = (halves[at] << 64 | halves[at + 1] for at in (0, 2, 4))
        return cls(head, tail, waiting, incoming, pool)
