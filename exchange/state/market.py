"""The market leaf: listing parameters, book and trigger pointers, pools, and the register of an unfinished order."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

MARKET_KIND: Final = 3
NO_EXPIRY: Final = 0xFFFF
"""Stands where a market without an expiry would name one."""

_M64: Final = (1 << 64) - 1
_PARAMETERS: Final = "HBBQQQIIIIIiIIIQ" + "BHQQQIiI"
_BOOK: Final = "IIIIIIQQQ"
_POOLS: Final = "iQqQQQ" + "QqIQqQ"
_LOSSES: Final = "QQQQQQQQ" + "QQ"
_REGISTER: Final = "BIBBBQQQQQI"
_LAYOUT: Final = Layout(">" + _PARAMETERS + _BOOK + _POOLS + _LOSSES + _REGISTER)


class MarketKind(IntEnum):
    """What a market trades."""

    PERPETUAL = 1
    FUTURE = 2
    CALL = 3
    PUT = 4


class MarketStatus(IntEnum):
    """Where a market is in its life. Only an open one takes orders, and only a listed one can be opened first."""

    OPEN = 1
    HALTED = 2
    LISTED = 3
    EXPIRED = 4
    SETTLED = 5


class Phase(IntEnum):
    """Which orders an open market takes."""

    ANY = 0
    REDUCE_ONLY = 1
    POST_ONLY = 2


class RegisterKind(IntEnum):
    """Whose order is unfinished in a market."""

    CLOSED = 0
    ORDER = 1
    LIQUIDATION = 2


class Market(Struct, gc=False):
    """One market. Sizes in 1e-8, prices in 1e-8 USD, factors in 1e-6, slot references are slot + 1 (0 is none).

    `margin_floor` and `margin_ceiling` are open interests between which the initial requirement grows by up to
    `margin_growth`. `basis` is the average of the book's middle less the index. `settlement` (0: none) is what a size
    of 1e8 is worth for good. Fields from `register` on are the order that `Continue` goes on with; all zero when
    `register` is closed.
    """

    underlying: int
    kind: int
    status: int
    tick: int
    lot: int
    min_size: int
    multiplier: int
    scan_range: int
    maintenance_factor: int
    transfer_factor: int
    taker_fee: int
    maker_fee: int
    liquidation_fee: int
    liquidation_slippage: int
    price_band: int
    open_interest_cap: int
    phase: int = 0
    expiry: int = NO_EXPIRY
    strike: int = 0
    margin_floor: int = 0
    margin_ceiling: int = 0
    margin_growth: int = 0
    funding_interest: int = 0
    funding_cap: int = 0
    best_bid: int = 0
    best_ask: int = 0
    trigger_above: int = 0
    trigger_below: int = 0
    free_head: int = 0
    slot_count: int = 0
    order_sequence: int = 0
    open_interest: int = 0
    last_price: int = 0
    funding_index: int = 0
    funding_pool: int = 0
    fees: int = 0
    funding_time: int = 0
    premium_sum: int = 0
    premium_count: int = 0
    premium_time: int = 0
    basis: int = 0
    basis_time: int = 0
    backstop_used: int = 0
    backstop_cap: int = 0
    adl_long: int = 0
    adl_short: int = 0
    adl_long_size: int = 0
    adl_short_size: int = 0
    adl_long_cash: int = 0
    adl_short_cash: int = 0
    resumed_at: int = 0
    settlement: int = 0
    register: int = 0
    register_account: int = 0
    register_side: int = 0
    register_time_in_force: int = 0
    register_flags: int = 0
    register_price: int = 0
    register_remaining: int = 0
    register_display: int = 0
    register_nonce: int = 0
    register_expiry: int = 0
    register_epoch: int = 0

    def close_register(self) -> None:
        """Set the register to all zero."""
        self.register = self.register_account = self.register_side = self.register_time_in_force = 0
        self.register_flags = self.register_price = self.register_remaining = self.register_display = 0
        self.register_nonce = self.register_expiry = self.register_epoch = 0

    def encode(self) -> bytes:
        """Leaf body: the fields in their order."""
        fields = astuple(self)
        return _LAYOUT.pack(
            *fields[:_WIDE_FROM],
            *(part for value in fields[_WIDE_FROM:_WIDE_TO] for part in (value >> 64, value & _M64)),
            *fields[_WIDE_TO:],
        )

    @classmethod
    def decode(cls, body: bytes) -> Market:
        """Inverse of `encode`."""
        fields = _LAYOUT.unpack(body)
        narrow = _WIDE_FROM + 2 * (_WIDE_TO - _WIDE_FROM)
        wide = [fields[at] << 64 | fields[at + 1] for at in range(_WIDE_FROM, narrow, 2)]
        return cls(*fields[:_WIDE_FROM], *wide, *fields[narrow:])


_WIDE_FROM: Final = Market.__struct_fields__.index("funding_index")
_WIDE_TO: Final = Market.__struct_fields__.index("fees") + 1
