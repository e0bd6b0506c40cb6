"""What the verbs of a trader return. Amounts are exact Decimals in whole units."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """How an order is to be matched."""

    LIMIT = "limit"
    MARKET = "market"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"


class TimeInForce(StrEnum):
    """What happens to the part of a limit order that does not fill at once."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PO"
    POST_ONLY_SLIDE = "PO-SLIDE"


class KeyScope(StrEnum):
    """What a session key may sign."""

    TRADE = "trade"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"


class OnSelfTrade(StrEnum):
    """What goes where an order meets one of the same owner."""

    CANCEL_RESTING = "cancel resting"
    CANCEL_INCOMING = "cancel incoming"
    CANCEL_BOTH = "cancel both"
    DECREMENT = "decrement"


class WhenShort(StrEnum):
    """What becomes of a withdrawal from a vault that holds too little."""

    REFUSE = "refuse"
    QUEUE = "queue"


class OrderStatus(StrEnum):
    """Where an order stands after the call."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One match, in whole units."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResult:
    """Answer to `create_order`.

    `order_id` names the resting part and is None when nothing rests; `sequence` is the soft confirmation's number.
    """

    market: str
    side: Side
    status: OrderStatus
    order_id: str | None
    client_id: int
    sequence: int
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """One resting order; with a `trigger_price` it waits for the mark instead. `shown` is what the book shows of it."""

    order_id: str
    market: str
    side: Side
    price: Decimal
    remaining: Decimal
    client_id: int
    shown: Decimal | None = None
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """All resting size at one price."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """Best levels of a market, best first."""

    market: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One open position; `size` is negative for a short, `mark_price` None before the first round."""

    market: str
    size: Decimal
    entry_price: Decimal
    mark_price: Decimal | None
    unrealised: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One account: cash in USD, collateral by `(symbol, chain)`, and what the engine makes of them."""

    account: int
    cash: Decimal
    collateral: dict[tuple[str, str], Decimal]
    equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    withdrawable: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """What an account is worth and what it must be worth, in USD.

    `equity` is held against `maintenance`: below it is liquidated. `backing` (collateral at the lower of price and
    slow price, of healthy chains only) against `initial` for new risk; `transfer` is what has to stay when cash leaves.
    """

    equity: Decimal
    backing: Decimal
    initial: Decimal
    maintenance: Decimal
    transfer: Decimal
    withdrawable: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationPrice:
    """Index prices of an underlying, all else as it is, at which the account may be liquidated, None if not."""

    underlying: str
    below: Decimal | None
    above: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What would have come of it. `reason` is why it would be refused, None if it would not; then nothing changes.

    `order` is the result an order would have had, `liquidation` what holds afterwards, one for each underlying that the
    account depends on.
    """

    reason: str | None
    before: Margin
    after: Margin
    liquidation: tuple[LiquidationPrice, ...]
    order: OrderResult | None = None

    @property
    def ok(self) -> bool:
        """Whether it would be taken."""
        return self.reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CashLock:
    """Cash under a hash, `account`'s for `payee`; `status` is open, claimed or refunded, `deadline` in seconds."""

    lock_id: int
    account: int
    payee: int
    amount: Decimal
    hash: bytes
    deadline: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceSource:
    """A chain from which a rebalancer may take, and what is there."""

    chain: str
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceOffer:
    """Bring up to `amount` of `asset` to `chain`, take it and the rebate from one of the sources.

    `rebate` and `bond` are of the whole amount, now: the rebate still grows while the first in line waits.
    """

    chain: str
    asset: str
    amount: Decimal
    rebate: Decimal
    bond: Decimal
    sources: tuple[RebalanceSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultClaim:
    """What the vault of `chain` has not paid of a released withdrawal; `ahead` places of its queue come first."""

    chain: str
    asset: str
    unpaid: Decimal
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingWithdrawal:
    """A withdrawal that waits for the vault of `chain`; `since` in seconds."""

    waiting_id: int
    chain: str
    asset: str
    amount: Decimal
    since: int
