"""The operation leaf: a change of the venue's rules that waits for its time."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

OPERATION_KIND: Final = 15
_LAYOUT: Final = Layout(">BQB")


class OperationStatus(IntEnum):
    """What became of it."""

    PENDING = 1
    EXECUTED = 2
    CANCELLED = 3


class OperationKind(IntEnum):
    """What it does."""

    LIST_MARKET = 1
    OPEN_MARKET = 2
    HALT_MARKET = 3
    CHANGE_MARKET = 4
    LIST_EXPIRY = 5


class Operation(Struct, gc=False):
    """`effective_at` in seconds; `body` are the arguments of its `kind`, as its proposer signed them."""

    status: int
    effective_at: int
    kind: int
    body: bytes

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(self.status, self.effective_at, self.kind) + self.body

    @classmethod
    def decode(cls, body: bytes) -> Operation:
        """Inverse of `encode`."""
        status, effective_at, kind = _LAYOUT.unpack_from(body)
        return cls(status, effective_at, kind, body[_LAYOUT.size :])
