"""The header leaf: clock, counters and the hash of the configuration."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

HEADER_KIND: Final = 1
VERSION: Final = 1
_LAYOUT: Final = Layout(">BQQQIHHHQ32sQQQQ")


class Header(Struct, gc=False):
    """`clock` in seconds; `sequence` counts steps, `queue_cursor` forced items.

    `queue_time` is when the last forced item taken had entered its queue: what entered before has been taken too.
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
    lock_count: int = 0
    hash_count: int = 0
    waiting_count: int = 0
    queue_time: int = 0

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
            self.withdrawal_count,
            self.config_hash,
            self.lock_count,
            self.hash_count,
            self.waiting_count,
            self.queue_time,
        )

    @classmethod
    def decode(cls, body: bytes) -> Header:
        """Inverse of `encode`; ValueError for another version."""
        version, *fields = _LAYOUT.unpack(body)
        if version != VERSION:
            raise ValueError(f"header of version {version}")
        return cls(*fields)
