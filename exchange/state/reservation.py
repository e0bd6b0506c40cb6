"""The reservation leaf: what is set aside for an account that will bring a short asset. Its id is the account's."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

RESERVATION_KIND: Final = 14
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">HH6Q20sQBQ")


class ReservationStatus(IntEnum):
    """A reservation ends once; the next one takes its place."""

    OPEN = 1
    FILLED = 2
    LAPSED = 3


class Reservation(Struct, gc=False):
    """`amount` of asset `short` is due by `deadline`; then `amount + rebate` of asset `long` leaves to `recipient`.

    While it is open it holds `amount + rebate` of the long asset's inventory, the rebate and the `bond`. All 1e-6 USD.
    `withdrawal` is the id + 1 of the withdrawal it became.
    """

    short: int
    long: int
    amount: int
    rebate: int
    bond: int
    recipient: bytes
    deadline: int
    status: int = ReservationStatus.OPEN
    withdrawal: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        amounts = (self.amount, self.rebate, self.bond)
        return _LAYOUT.pack(
            self.short,
            self.long,
            *(half for amount in amounts for half in (amount >> 64, amount & _M64)),
            self.recipient,
            self.deadline,
            self.status,
            self.withdrawal,
        )

    @classmethod
    def decode(cls, body: bytes) -> Reservation:
        """Inverse of `encode`."""
        short, long, *halves, recipient, deadline, status, withdrawal = _LAYOUT.unpack(body)
        amount, rebate, bond = (halves[at] << 64 | halves[at + 1] for at in (0, 2, 4))
        return cls(short, long, amount, rebate, bond, recipient, deadline, status, withdrawal)
