"""The account leaf: cash, collateral, positions with their open orders, keys, protections, an unfinished envelope."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from functools import cache
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

ACCOUNT_KIND: Final = 2
MAIN_BITS: Final = 24
MAIN_MASK: Final = (1 << MAIN_BITS) - 1
"""Lower bits of an account id: the main account, and with it the owner. What is above them numbers sub-accounts."""

BACKSTOP: Final = 1 << MAIN_BITS
"""The backstop vault: the first sub-account of the insurance fund."""

_M64: Final = (1 << 64) - 1
_HEAD: Final = Layout(">20sBIQ32sqQQQHBBHQIB")
_KEY: Final = Layout(">H20sBQQ32s")
_PROTECTION: Final = Layout(">QIIQQQ")
_ENVELOPE: Final = Layout(">HQQIBB")
_COLLATERAL: Final = Layout(">HIQ")
_POSITION: Final = Layout(">HqhQiQ4QII2Q")
ENVELOPE_ITEM_SIZE: Final = 34


class AccountFlag(IntFlag):
    """Bits of `Account.flags`; the two lowest are the self-trade mode."""

    SELF_TRADE = 3
    PORTFOLIO_MARGIN = 4


class SelfTrade(IntEnum):
    """What happens where an order meets one of the same owner: the mode of the incoming order's account counts."""

    CANCEL_MAKER = 0
    CANCEL_TAKER = 1
    CANCEL_BOTH = 2
    DECREMENT = 3


class Scope(IntFlag):
    """What a session key may sign."""

    TRADE = 1
    CANCEL = 2
    WITHDRAW = 4
    TRANSFER = 8


@cache
def _layout(keys: int, has_protection: bool, collaterals: int, positions: int) -> Layout:  # noqa: FBT001
    """One layout for a whole account, so that encoding is one call."""
    return Layout(
        _HEAD.format
        + "H20sBQQ32s" * keys
        + "B"
        + "QIIQQQ" * has_protection
        + "B"
        + "HIQ" * collaterals
        + "B"
        + "HqhQiQ4QII2Q" * positions
    )


class Position(Struct, gc=False):
    """What an account holds and has open in one market.

    `size` in 1e-8 (negative is short), `cost` the cash paid for it (1e-6 USD, negative for a short), open order
    quantities in 1e-8 and their value at their limits in 1e-6 USD. `funding_index` and `adl_index` are the market's at
    the last settlement, `liquidated_round` the lower 32 bits of the round in which a slice was last liquidated.
    `reduce_bid` and `reduce_ask` are what of the open quantities is of orders that only reduce.
    """

    size: int = 0
    cost: int = 0
    funding_index: int = 0
    bid_quantity: int = 0
    ask_quantity: int = 0
    bid_notional: int = 0
    ask_notional: int = 0
    adl_index: int = 0
    liquidated_round: int = 0
    reduce_bid: int = 0
    reduce_ask: int = 0

    def is_empty(self) -> bool:
        """Nothing but market and indices: such a record is not kept."""
        return not (self.size or self.cost or self.bid_quantity or self.ask_quantity)


class SessionKey(Struct):
    """A key beside the owner's; `id` is never used twice in an account, and every signature of the key names it."""

    id: int
    address: bytes
    scope: int
    expiry: int
    nonce_high: int = 0
    nonce_window: int = 0


class Protection(Struct, gc=False):
    """Market-maker protection: fills of resting orders over `limit` (1e-6 USD) in `window` seconds kill all orders.

    No order may then rest for `freeze` seconds.
    """

    limit: int
    window: int
    freeze: int
    used: int = 0
    window_start: int = 0
    frozen_until: int = 0


class Envelope(Struct):
    """What is left of a bulk envelope: `items` of `ENVELOPE_ITEM_SIZE` bytes, the first of them number `done`."""

    key: int
    nonce: int
    good_till: int
    epoch: int
    done: int
    items: bytes


class Account(Struct):
    """One owner's balances. `cash` in 1e-6 USD; `collateral` by asset id in base units; `positions` by market id.

    `cancel_all_at` (0: never) is when all orders die; `volume` of the fee period in 1e-6 USD. `healthy_taken` of
    cash left by healthy chains while others were sick, in the header's `sick_episode`.
    """

    owner: bytes
    flags: int = 0
    order_epoch: int = 0
    nonce_high: int = 0
    nonce_window: int = 0
    cash: int = 0
    collateral: dict[int, int] = {}
    positions: dict[int, Position] = {}
    cancel_all_at: int = 0
    volume: int = 0
    volume_period: int = 0
    tier: int = 0
    trigger_count: int = 0
    last_key: int = 0
    keys: list[SessionKey] = []
    protection: Protection | None = None
    envelope: Envelope | None = None
    healthy_taken: int = 0
    sick_episode: int = 0

    def kill_orders(self) -> bool:
        """Raise the order epoch and with it zero every open quantity; returns whether anything was open."""
        self.order_epoch += 1
        was_open = self.trigger_count > 0
        self.trigger_count = 0
        for market, position in list(self.positions.items()):
            if position.bid_quantity or position.ask_quantity:
                was_open = True
                position.bid_quantity = position.ask_quantity = position.bid_notional = position.ask_notional = 0
                position.reduce_bid = position.reduce_ask = 0
                if position.is_empty():
                    del self.positions[market]
        return was_open

    def key(self, key_id: int) -> SessionKey | None:
        """The session key of an id, None if there is none."""
        for key in self.keys:
            if key.id == key_id:
                return key
        return None

    def encode(self) -> bytes:
        """Leaf body; keys ascending by id, collateral and positions by asset and market."""
        cash = self.cash
        collateral = self.collateral
        positions = self.positions
        keys = self.keys
        protection = self.protection
        fields: list[int | bytes] = [
            self.owner,
            self.flags,
            self.order_epoch,
            self.nonce_high,
            self.nonce_window.to_bytes(32, "big"),
            cash >> 64,
            cash & _M64,
            self.cancel_all_at,
            self.volume,
            self.volume_period,
            self.tier,
            self.trigger_count,
            self.last_key,
            self.healthy_taken,
            self.sick_episode,
            len(keys),
        ]
        for key in keys:
            window = key.nonce_window.to_bytes(32, "big")
            fields += (key.id, key.address, key.scope, key.expiry, key.nonce_high, window)
        if protection is None:
            fields.append(0)
        else:
            fields += (1, protection.limit, protection.window, protection.freeze)
            fields += (protection.used, protection.window_start, protection.frozen_until)
        fields.append(len(collateral))
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
                position.adl_index,
                position.liquidated_round,
                position.reduce_bid,
                position.reduce_ask,
            )
        body = _layout(len(keys), protection is not None, len(collateral), len(positions)).pack(*fields)
        envelope = self.envelope
        if envelope is None:
            return body
        count = len(envelope.items) // ENVELOPE_ITEM_SIZE
        tail = _ENVELOPE.pack(envelope.key, envelope.nonce, envelope.good_till, envelope.epoch, envelope.done, count)
        return body + tail + envelope.items

    @classmethod
    def decode(cls, body: bytes) -> Account:
        """Inverse of `encode`."""
        owner, flags, epoch, high, window, cash_high, cash_low, *numbers, key_count = _HEAD.unpack_from(body)
        cancel_all_at, volume, volume_period, tier, trigger_count, last_key, healthy_taken, sick_episode = numbers
        at = _HEAD.size
        keys: list[SessionKey] = []
        for _ in range(key_count):
            key_id, address, scope, expiry, key_high, key_window = _KEY.unpack_from(body, at)
            keys.append(SessionKey(key_id, address, scope, expiry, key_high, int.from_bytes(key_window, "big")))
            at += _KEY.size
        protection = None
        at += 1
        if body[at - 1]:
            protection = Protection(*_PROTECTION.unpack_from(body, at))
            at += _PROTECTION.size
        collateral: dict[int, int] = {}
        count = body[at]
        at += 1
        for _ in range(count):
            asset, amount_high, amount_low = _COLLATERAL.unpack_from(body, at)
            collateral[asset] = amount_high << 64 | amount_low
            at += _COLLATERAL.size
        positions: dict[int, Position] = {}
        count = body[at]
        at += 1
        for _ in range(count):
            market, size, cost_high, cost_low, index_high, index_low, *others = _POSITION.unpack_from(body, at)
            positions[market] = Position(size, cost_high << 64 | cost_low, index_high << 64 | index_low, *others)
            at += _POSITION.size
        envelope = None
        if at < len(body):
            key, nonce, good_till, order_epoch, done, _ = _ENVELOPE.unpack_from(body, at)
            envelope = Envelope(key, nonce, good_till, order_epoch, done, body[at + _ENVELOPE.size :])
        return cls(
            owner,
            flags,
            epoch,
            high,
            int.from_bytes(window, "big"),
            cash_high << 64 | cash_low,
            collateral,
            positions,
            cancel_all_at,
            volume,
            volume_period,
            tier,
            trigger_count,
            last_key,
            keys,
            protection,
            envelope,
            healthy_taken,
            sick_episode,
        )
