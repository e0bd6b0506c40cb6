"""The withdrawal leaf: what the outbox pays once, given a proof."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

WITHDRAWAL_KIND: Final = 9
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">QI20sHQ20sQQ")


class Withdrawal(Struct, gc=False, frozen=True):
    """`amount` of `token` on `chain_id`, base units, for `recipient`. Written once, never changed."""

    id: int
    account: int
    recipient: bytes
    asset: int
    chain_id: int
    token: bytes
    amount: int

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            self.id,
            self.account,
            self.recipient,
            self.asset,
            self.chain_id,
            self.token,
            self.amount >> 64,
            self.amount & _M64,
        )

    @classmethod
    def decode(cls, body: bytes) -> Withdrawal:
        """Inverse of `encode`."""
        *fields, amount_high, amount_low = _LAYOUT.unpack(body)
        fields.append(amount_high << 64 | amount_low)
        return cls(*fields)
