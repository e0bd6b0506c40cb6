"""What steps did. Prices in 1e-8 USD, sizes in 1e-8, cash and fees in 1e-6 USD, token amounts in base units."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from exchange.engine.balance_events import (
    AccountOpened,
    CashLocked,
    Deposited,
    LockClaimed,
    LockRefunded,
    QueueLeft,
    Rebalanced,
    RebalanceReserved,
    ReservationLapsed,
    SubAccountOpened,
    Transferred,
    WithdrawalQueued,
    WithdrawalWaiting,
)
from exchange.engine.reasons import Reason


class Removal(StrEnum):
    """Why an order left the book unfilled."""

    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DEAD_EPOCH = "dead epoch"
    SELF_TRADE = "self trade"
    REDUCE_ONLY = "reduce only"
    REPLACED = "replaced"
    TRIGGERED = "triggered"
    MARKET_CLOSED = "market closed"


class StepRejected(Struct, frozen=True, tag=True):
    """The step was a no-op. Of a signature that is not the key's, `signer` is whose it is, and for what it was sent."""

    reason: Reason
    signer: bytes = b""
    account: int = 0
    key: int = 0


class OrderPlaced(Struct, frozen=True, tag=True, gc=False):
    """An order, or what is left of it, rests in the book; `slot` and `sequence` name it for a cancel.

    `remaining` counts what an iceberg hides; `trigger` is not 0 where the order waits for it outside the book.
    """

    account: int
    market: int
    slot: int
    sequence: int
    side: int
    price: int
    remaining: int
    nonce: int
    trigger: int = 0


class OrderReduced(Struct, frozen=True, tag=True, gc=False):
    """A resting order kept its place with less: by its owner, or against an order of the same owner."""

    account: int
    market: int
    slot: int
    sequence: int
    nonce: int
    remaining: int


class OrderRefreshed(Struct, frozen=True, tag=True, gc=False):
    """An iceberg showed its next part, behind the others at its price."""

    account: int
    market: int
    slot: int
    sequence: int
    shown: int


class Triggered(Struct, frozen=True, tag=True, gc=False):
    """The mark crossed an order's trigger; what became of the order follows."""

    account: int
    market: int
    slot: int
    sequence: int
    nonce: int
    mark: int


class TriggerFailed(Struct, frozen=True, tag=True):
    """A triggered order broke a rule and is gone."""

    account: int
    market: int
    nonce: int
    reason: Reason


class ItemRejected(Struct, frozen=True, tag=True):
    """An item of a bulk envelope broke a rule; the others are not affected."""

    account: int
    nonce: int
    item: int
    reason: Reason


class ItemBegun(Struct, frozen=True, tag=True, gc=False):
    """An item of a bulk envelope is carried out: what follows, up to the next one, is its doing."""

    account: int
    nonce: int
    item: int


class EnvelopeOpened(Struct, frozen=True, tag=True, gc=False):
    """A bulk envelope has `items` to come: the venue waits for `ContinueBulk`."""

    account: int
    nonce: int
    items: int


class EnvelopeDropped(Struct, frozen=True, tag=True, gc=False):
    """The account's orders were killed; the last `items` of its envelope were not carried out."""

    account: int
    nonce: int
    items: int


class NonceBurned(Struct, frozen=True, tag=True, gc=False):
    """No step can use this nonce any more."""

    account: int
    key: int
    nonce: int


class ProtectionTripped(Struct, frozen=True, tag=True, gc=False):
    """Market-maker protection killed the account's orders."""

    account: int
    epoch: int
    frozen_until: int


class CancelAllScheduled(Struct, frozen=True, tag=True, gc=False):
    """All orders of the account die at `time`; 0: never."""

    account: int
    time: int


class ProtectionSet(Struct, frozen=True, tag=True, gc=False):
    """Market-maker protection from now on; a limit of 0 is none."""

    account: int
    limit: int
    window: int
    freeze: int


class FlagsSet(Struct, frozen=True, tag=True, gc=False):
    """The account's flags from now on."""

    account: int
    flags: int


class KeySet(Struct, frozen=True, tag=True, gc=False):
    """A session key, under the id its signatures name; no scope: it was removed."""

    account: int
    key: int
    signer: bytes
    scope: int
    until: int


class OperationProposed(Struct, frozen=True, tag=True, gc=False):
    """Anyone may carry the operation out from `effective_at` on."""

    operation: int
    kind: int
    effective_at: int


class OperationEnded(Struct, frozen=True, tag=True, gc=False):
    """The operation was carried out, or cancelled."""

    operation: int
    kind: int
    is_executed: bool


class MarketChanged(Struct, frozen=True, tag=True, gc=False):
    """A market was listed, opened, halted, expired or settled, or its parameters changed."""

    market: int
    status: int
    phase: int


class SmileSet(Struct, frozen=True, tag=True, gc=False):
    """An expiry has a new carry and smile."""

    expiry: int
    version: int
    time: int


class FundingCharged(Struct, frozen=True, tag=True, gc=False):
    """An hour of a perpetual was charged: the rate in 1e-9, the index after it in 1e-12 USD a unit of size."""

    market: int
    rate: int
    index: int


class ExpirySettled(Struct, frozen=True, tag=True, gc=False):
    """The average over the last half hour is the settlement price."""

    expiry: int
    price: int


class PositionSettled(Struct, frozen=True, tag=True, gc=False):
    """An account was paid out of an expired market."""

    account: int
    market: int
    size: int
    price: int
    realised: int


class OrderRemoved(Struct, frozen=True, tag=True):
    """A resting order left the book with `remaining` unfilled."""

    account: int
    market: int
    slot: int
    sequence: int
    nonce: int
    remaining: int
    cause: Removal


class RemainderDropped(Struct, frozen=True, tag=True, gc=False):
    """What a taker could not fill and does not rest."""

    account: int
    market: int
    nonce: int
    remaining: int


class Filled(Struct, frozen=True, tag=True, gc=False):
    """A trade at the maker's price; the maker's order left the book if `maker_remaining` is 0, hidden part included.

    `taker_fee` of a liquidation went to account 0, any other fee to the market; a negative fee is a rebate.
    """

    market: int
    price: int
    size: int
    taker: int
    taker_side: int
    taker_nonce: int
    taker_fee: int
    maker: int
    maker_slot: int
    maker_sequence: int
    maker_nonce: int
    maker_remaining: int
    maker_fee: int
    liquidation: bool


class RegisterOpened(Struct, frozen=True, tag=True, gc=False):
    """A taker met eight orders and has more to come: the market waits for `Continue`."""

    market: int
    account: int
    remaining: int


class AllCancelled(Struct, frozen=True, tag=True, gc=False):
    """Every order of the account placed before `epoch` is dead."""

    account: int
    epoch: int


class PriceReported(Struct, frozen=True, tag=True, gc=False):
    """The oracle's median; margin reads it once the round flips."""

    underlying: int
    price: int
    time: int


class RoundFlipped(Struct, frozen=True, tag=True, gc=False):
    """Margin reads this round from now on."""

    underlying: int
    round: int
    price: int
    time: int


class Liquidated(Struct, frozen=True, tag=True, gc=False):
    """An account below maintenance lost its orders; `size` of its position is being closed at `limit` or better."""

    account: int
    market: int
    equity: int
    maintenance: int
    size: int
    limit: int


class Covered(Struct, frozen=True, tag=True):
    """The insurance fund took collateral (asset, amount) for cash, and gave `shortfall` for nothing."""

    account: int
    collateral: tuple[tuple[int, int], ...]
    paid: int
    shortfall: int


class BackstopTook(Struct, frozen=True, tag=True, gc=False):
    """The backstop took `size` (signed: what it got) over at `price` for `cash`; the fee went to the insurance fund."""

    account: int
    market: int
    size: int
    price: int
    cash: int
    fee: int


class Deleveraged(Struct, frozen=True, tag=True, gc=False):
    """A position went to a side of its market (0 longs, 1 shorts): `size` of it, in event `number` (0: none needed).

    The rest went to the backstop. `insurance` is what the fund paid at once.
    """

    account: int
    market: int
    side: int
    number: int
    size: int
    price: int
    insurance: int


class DeleveragingSettled(Struct, frozen=True, tag=True, gc=False):
    """An account gave up `size` and holds `left` (signed)."""

    account: int
    market: int
    size: int
    left: int


class HealthChanged(Struct, frozen=True, tag=True, gc=False):
    """The chain of an asset is sick (1) or healthy (0) as of `time`."""

    asset: int
    health: int
    time: int


Event = (
    StepRejected
    | BackstopTook
    | Deleveraged
    | DeleveragingSettled
    | HealthChanged
    | OrderPlaced
    | OrderReduced
    | OrderRefreshed
    | Triggered
    | TriggerFailed
    | ItemBegun
    | ItemRejected
    | EnvelopeOpened
    | EnvelopeDropped
    | NonceBurned
    | ProtectionTripped
    | CancelAllScheduled
    | ProtectionSet
    | FlagsSet
    | KeySet
    | SubAccountOpened
    | Transferred
    | OperationProposed
    | OperationEnded
    | MarketChanged
    | PositionSettled
    | SmileSet
    | FundingCharged
    | ExpirySettled
    | OrderRemoved
    | RemainderDropped
    | Filled
    | RegisterOpened
    | AllCancelled
    | AccountOpened
    | Deposited
    | WithdrawalQueued
    | PriceReported
    | RoundFlipped
    | Liquidated
    | Covered
    | CashLocked
    | LockClaimed
    | LockRefunded
    | WithdrawalWaiting
    | QueueLeft
    | RebalanceReserved
    | Rebalanced
    | ReservationLapsed
)
