"""The waiting leaf: a withdrawal whose asset is short, in the order in which they came."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

WAITING_KIND: Final = 13
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">IHQQ20sQIQ")


class Waiting(Struct, gc=False):
    """`amount` base units for `recipient`, 0 once it was served or its owner left; `since` in seconds.

    `next` is the id + 1 of who waits behind, `withdrawal` the id + 1 of the withdrawal it became; 0 is none.
    """

    account: int
    asset: int
    amount: int
    recipient: bytes
    since: int
    next: int = 0
    withdrawal: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            self.account,
            self.asset,
            self.amount >> 64,
            self.amount & _M64,
            self.recipient,
            self.since,
            self.next,
            self.withdrawal,
        )

    @classmethod
    def decode(cls, body: bytes) -> Waiting:
        """Inverse of `encode`."""
        account, asset, high, low, *rest = _LAYOUT.unpack(body)
        return cls(account, asset, high << 64 | low, *rest)
