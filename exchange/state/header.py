"""The header leaf: clock, counters and the hash of the configuration."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

HEADER_KIND: Final = 1
VERSION: Final = 2
_LAYOUT: Final = Layout(">BQQQIHHHQ32sQQQQHIIHIQQQ")


class Header(Struct, gc=False):
    """`clock` in seconds; `sequence` counts steps, `queue_cursor` forced items, `account_count` main accounts.

    `queue_time` is when the last forced item taken had entered its queue: what entered before has been taken too.
    `envelope_account` (0: none) is whose bulk envelope is unfinished: no market takes anything else meanwhile.
    `sick_count` assets are on sick chains; since episode `sick_episode` began, `healthy_taken` of cash left by the
    healthy ones. `loss_at` is when the venue last bore a loss, `fund_paid_at` when the fund last paid its owner.
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
    expiry_count: int = 0
    operation_count: int = 0
    envelope_account: int = 0
    sick_count: int = 0
    sick_episode: int = 0
    healthy_taken: int = 0
    loss_at: int = 0
    fund_paid_at: int = 0

    def encode(self) -> bytes:
        """Leaf body: the version and the fields in their order."""
        return _LAYOUT.pack(VERSION, *astuple(self))

    @classmethod
    def decode(cls, body: bytes) -> Header:
        """Inverse of `encode`; ValueError for another version."""
        version, *fields = _LAYOUT.unpack(body)
        if version != VERSION:
            raise ValueError(f"header of version {version}")
        return cls(*fields)
