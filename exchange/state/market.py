"""The market leaf: listing parameters, book pointers, pools and the register of an unfinished order."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

MARKET_KIND: Final = 3

_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">HBBQQQIIIIIIIIIQIIIIQQiQqQQQQBIBBQQQQI")


class MarketKind(IntEnum):
    """What a market trades."""

    PERPETUAL = 1


class MarketStatus(IntEnum):
    """Whether orders are taken."""

    OPEN = 1
    HALTED = 2


class RegisterKind(IntEnum):
    """Whose order is unfinished in a market."""

    CLOSED = 0
    ORDER = 1
    LIQUIDATION = 2


class Market(Struct, gc=False):
    """One market. Sizes in 1e-8, prices in 1e-8 USD, factors in 1e-6, slot references are slot + 1 (0 is none).

    Fields from `register` on are the order that `Continue` goes on with; all zero when `register` is closed.
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
    best_bid: int = 0
    best_ask: int = 0
    free_head: int = 0
    slot_count: int = 0
    order_sequence: int = 0
    open_interest: int = 0
    funding_index: int = 0
    funding_pool: int = 0
    fees: int = 0
    last_price: int = 0
    register: int = 0
    register_account: int = 0
    register_side: int = 0
    register_time_in_force: int = 0
    register_price: int = 0
    register_remaining: int = 0
    register_nonce: int = 0
    register_expiry: int = 0
    register_epoch: int = 0

    def close_register(self) -> None:
        """Set the register to all zero."""
        self.register = self.register_account = self.register_side = self.register_time_in_force = 0
        self.register_price = self.register_remaining = self.register_nonce = self.register_expiry = 0
        self.register_epoch = 0

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            self.underlying,
            self.kind,
            self.status,
            self.tick,
            self.lot,
            self.min_size,
            self.multiplier,
            self.scan_range,
            self.maintenance_factor,
            self.transfer_factor,
            self.taker_fee,
            self.maker_fee,
            self.liquidation_fee,
            self.liquidation_slippage,
            self.price_band,
            self.open_interest_cap,
            self.best_bid,
            self.best_ask,
            self.free_head,
            self.slot_count,
            self.order_sequence,
            self.open_interest,
            self.funding_index >> 64,
            self.funding_index & _M64,
            self.funding_pool >> 64,
            self.funding_pool & _M64,
            self.fees >> 64,
            self.fees & _M64,
            self.last_price,
            self.register,
            self.register_account,
            self.register_side,
            self.register_time_in_force,
            self.register_price,
            self.register_remaining,
            self.register_nonce,
            self.register_expiry,
            self.register_epoch,
        )

    @classmethod
    def decode(cls, body: bytes) -> Market:
        """Inverse of `encode`."""
        fields = list(_LAYOUT.unpack(body))
        index_high, index_low, pool_high, pool_low, fees_high, fees_low = fields[22:28]
        fields[22:28] = [index_high << 64 | index_low, pool_high << 64 | pool_low, fees_high << 64 | fees_low]
        return cls(*fields)
