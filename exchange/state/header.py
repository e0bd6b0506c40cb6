"""The header leaf: clock, counters and the hash of the configuration."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

HEADER_KIND: Final = 1
VERSION: Final = 2
_LAYOUT: Final = Layout(">BQQQIHHHHQII32s")


class Header(Struct, gc=False):
    """`clock` in seconds; `sequence` counts steps, `queue_cursor` forced items, `account_count` main accounts.

    `envelope_account` (0: none) is whose bulk envelope is unfinished: no market takes anything else meanwhile.
    """

    clock: int
    sequence: int
    queue_cursor: int
    account_count: int
    market_count: int
    underlying_count: int
    asset_count: int
    withdrawal_count: int
    config_hash: bytes
    expiry_count: int = 0
    operation_count: int = 0
    envelope_account: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            VERSION,
            self.clock,
            self.sequence,
            self.queue_cursor,
            self.account_count,
            self.market_count,
            self.underlying_count,
            self.asset_count,
            self.expiry_count,
            self.withdrawal_count,
            self.operation_count,
            self.envelope_account,
            self.config_hash,
        )

    @classmethod
    def decode(cls, body: bytes) -> Header:
        """Inverse of `encode`; ValueError for another version."""
        version, *fields = _LAYOUT.unpack(body)
        if version != VERSION:
            raise ValueError(f"header of version {version}")
        *counts, expiries, withdrawals, operations, envelope_account, config_hash = fields
        return cls(*counts, withdrawals, config_hash, expiries, operations, envelope_account)
