"""The lock leaf: cash set aside under a hash, for who shows the preimage in time, else for who locked it."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

LOCK_KIND: Final = 10
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">IIQQ32sQB")


class LockStatus(IntEnum):
    """A lock ends once."""

    OPEN = 1
    CLAIMED = 2
    REFUNDED = 3


class Lock(Struct, gc=False):
    """`amount` in 1e-6 USD, `hash` the sha256 of a preimage of 32 bytes, `deadline` in seconds."""

    account: int
    payee: int
    amount: int
    hash: bytes
    deadline: int
    status: int = LockStatus.OPEN

    def encode(self) -> bytes:
        """Leaf body."""
        amount = self.amount
        return _LAYOUT.pack(
            self.account, self.payee, amount >> 64, amount & _M64, self.hash, self.deadline, self.status
        )

    @classmethod
    def decode(cls, body: bytes) -> Lock:
        """Inverse of `encode`."""
        account, payee, high, low, digest, deadline, status = _LAYOUT.unpack(body)
        return cls(account, payee, high << 64 | low, digest, deadline, status)
