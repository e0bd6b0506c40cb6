"""The account leaf: cash, collateral, positions with their open orders, nonces."""

from __future__ import annotations

from functools import cache
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

ACCOUNT_KIND: Final = 2

_M64: Final = (1 << 64) - 1
_HEAD: Final = Layout(">20sBIQ32sBqQB")
_COLLATERAL: Final = Layout(">HIQ")
_POSITION: Final = Layout(">HqhQiQ4Q")


@cache
def _layout(collaterals: int, positions: int) -> Layout:
    """One layout for a whole account, so that encoding is one call."""
    return Layout(_HEAD.format + "HIQ" * collaterals + "B" + "HqhQiQ4Q" * positions)


class Position(Struct, gc=False):
    """What an account holds and has open in one market.

    `size` in 1e-8 (negative is short), `cost` the cash paid for it (1e-6 USD, negative for a short), open order
    quantities in 1e-8 and their value at their limits in 1e-6 USD.
    """

    size: int = 0
    cost: int = 0
    funding_index: int = 0
    bid_quantity: int = 0
    ask_quantity: int = 0
    bid_notional: int = 0
    ask_notional: int = 0

    def is_empty(self) -> bool:
        """Nothing but market and funding index: such a record is not kept."""
        return not (self.size or self.cost or self.bid_quantity or self.ask_quantity)


class Account(Struct):
    """One owner's balances. `cash` in 1e-6 USD; `collateral` by asset id in base units; `positions` by market id."""

    owner: bytes
    flags: int = 0
    order_epoch: int = 0
    nonce_high: int = 0
    nonce_window: int = 0
    cash: int = 0
    collateral: dict[int, int] = {}
    positions: dict[int, Position] = {}

    def kill_orders(self) -> bool:
        """Raise the order epoch and with it zero every open quantity; returns whether anything was open."""
        self.order_epoch += 1
        was_open = False
        for market, position in list(self.positions.items()):
            if position.bid_quantity or position.ask_quantity:
                was_open = True
                position.bid_quantity = position.ask_quantity = position.bid_notional = position.ask_notional = 0
                if position.is_empty():
                    del self.positions[market]
        return was_open

    def encode(self) -> bytes:
        """Leaf body; collateral and positions ascending by id."""
        cash = self.cash
        collateral = self.collateral
        positions = self.positions
        fields: list[int | bytes] = [
            self.owner,
            self.flags,
            self.order_epoch,
            self.nonce_high,
            self.nonce_window.to_bytes(32, "big"),
            0,
            cash >> 64,
            cash & _M64,
            len(collateral),
        ]
        if collateral:
            for asset in sorted(collateral):
                amount = collateral[asset]
                fields += (asset, amount >> 64, amount & _M64)
        fields.append(len(positions))
        for market in positions if len(positions) < 2 else sorted(positions):
            position = positions[market]
            cost = position.cost
            index = position.funding_index
            fields += (
                market,
                position.size,
                cost >> 64,
                cost & _M64,
                index >> 64,
                index & _M64,
                position.bid_quantity,
                position.ask_quantity,
                position.bid_notional,
                position.ask_notional,
            )
        return _layout(len(collateral), len(positions)).pack(*fields)

    @classmethod
    def decode(cls, body: bytes) -> Account:
        """Inverse of `encode`."""
        owner, flags, epoch, high, window, _keys, cash_high, cash_low, count = _HEAD.unpack_from(body)
        at = _HEAD.size
        collateral: dict[int, int] = {}
        for _ in range(count):
            asset, amount_high, amount_low = _COLLATERAL.unpack_from(body, at)
            collateral[asset] = amount_high << 64 | amount_low
            at += _COLLATERAL.size
        positions: dict[int, Position] = {}
        count = body[at]
        at += 1
        for _ in range(count):
            market, size, cost_high, cost_low, index_high, index_low, *open_orders = _POSITION.unpack_from(body, at)
            positions[market] = Position(
                size,
                cost_high << 64 | cost_low,
                index_high << 64 | index_low,
                *open_orders,
            )
            at += _POSITION.size
        return cls(
            owner,
            flags,
            epoch,
            high,
            int.from_bytes(window, "big"),
            cash_high << 64 | cash_low,
            collateral,
            positions,
        )
