"""Orders between a trader's words and the engine's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchange.engine import OpenOrder as RestingOrder
from exchange.engine.events import (
    Event,
    Filled,
    ItemBegun,
    ItemRejected,
    OrderPlaced,
    OrderReduced,
    OrderRemoved,
    Removal,
)
from exchange.sdk.amounts import PRICE_DECIMALS, SIZE_DECIMALS, Amount, from_base_units, to_base_units
from exchange.sdk.catalogue import MarketSpec
from exchange.sdk.errors import InvalidAmount, Rejected
from exchange.sdk.results import Fill, OrderResult, OrderStatus, OrderType, Side, TimeInForce
from exchange.state.order import OrderFlag

SLIPPAGE_DECIMALS = 6
SLIPPAGE_ONE = 10**SLIPPAGE_DECIMALS

SIDES = {Side.BUY: 0, Side.SELL: 1}
WORDS = {number: side for side, number in SIDES.items()}


def price_bound(market: MarketSpec, side: Side, reference: int, slippage: Amount) -> int:
    """Worst price of a market order: `reference` moved against the taker by `slippage` (a share, or 1e-6 as an int).

    Rounded to the tick towards `reference`, so that the bound is never worse than what was asked for.
    """
    share = to_base_units(slippage, decimals=SLIPPAGE_DECIMALS, what="slippage")
    if share >= SLIPPAGE_ONE:
        raise InvalidAmount("SlippageOutOfRange", f"slippage {slippage} is not below 1")
    if side is Side.BUY:
        highest: int = reference * (SLIPPAGE_ONE + share) // SLIPPAGE_ONE
        return highest - highest % market.tick
    lowest: int = -(-reference * (SLIPPAGE_ONE - share) // SLIPPAGE_ONE)
    return lowest + -lowest % market.tick


def order_id(market: MarketSpec, slot: int, sequence: int) -> str:
    """What names a resting order: its market, its slot, and the sequence number that tells it from others there."""
    return f"{market.name}/{slot}/{sequence}"


def parse_order_id(text: str) -> tuple[str, int, int]:
    """Market name, slot and sequence; raises Rejected(BadOrderId)."""
    name, _, rest = text.partition("/")
    slot, _, sequence = rest.partition("/")
    if not (slot.isdecimal() and sequence.isdecimal() and slot.isascii() and sequence.isascii()):
        raise Rejected("BadOrderId", f"{text!r}; expected one that create_order or fetch_open_orders gave")
    return name, int(slot), int(sequence)


def order_result(  # noqa: PLR0913 - the fields of the order
    market: MarketSpec, *, account: int, side: Side, size: int, nonce: int, sequence: int, events: Iterable[Event]
) -> OrderResult:
    """What the events of an order's execution come to for the one who sent it."""
    fills: list[tuple[int, int]] = []
    resting: OrderPlaced | OrderReduced | None = None
    for event in events:
        if isinstance(event, Filled) and (event.taker, event.taker_nonce) == (account, nonce):
            fills.append((event.price, event.size))
        elif isinstance(event, OrderPlaced | OrderReduced) and (event.account, event.nonce) == (account, nonce):
            resting = event
    filled = sum(units for _, units in fills)
    status = OrderStatus.CANCELLED
    if resting is not None:
        status = OrderStatus.WAITING if isinstance(resting, OrderPlaced) and resting.trigger else OrderStatus.OPEN
    elif filled == size:
        status = OrderStatus.FILLED
    return OrderResult(
        market=market.name,
        side=side,
        status=status,
        order_id=None if resting is None else order_id(market, resting.slot, resting.sequence),
        client_id=nonce,
        sequence=sequence,
        filled=from_base_units(filled, decimals=SIZE_DECIMALS),
        remaining=from_base_units(size - filled, decimals=SIZE_DECIMALS),
        average_price=_average(fills),
        fills=tuple(
            Fill(
                price=from_base_units(price, decimals=PRICE_DECIMALS),
                size=from_base_units(units, decimals=SIZE_DECIMALS),
            )
            for price, units in fills
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOrder:
    """An order ready to be sent, or to be tried; `size` in 1e-8."""

    market: MarketSpec
    account: int
    side: Side
    size: int
    nonce: int
    step: bytes

    def result(self, *, sequence: int, events: Iterable[Event]) -> OrderResult:
        """What the events of its execution come to."""
        return order_result(
            self.market,
            account=self.account,
            side=self.side,
            size=self.size,
            nonce=self.nonce,
            sequence=sequence,
            events=events,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A resting order that is being given another price and `size` (1e-8) under a signature of its own or a bulk's."""

    market: MarketSpec
    order: RestingOrder
    size: int

    def result(self, *, account: int, nonce: int, sequence: int, events: Iterable[Event]) -> OrderResult:
        """What came of it: a smaller size keeps the order and its client id, anything else makes one under `nonce`."""
        listed = list(events)
        is_new = any(isinstance(event, OrderRemoved) and event.cause == Removal.REPLACED for event in listed)
        return order_result(
            self.market,
            account=account,
            side=WORDS[int(self.order.side)],
            size=self.size,
            nonce=nonce if is_new else self.order.nonce,
            sequence=sequence,
            events=listed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One order of a bulk that is given another price and amount left."""

    order_id: str
    amount: Amount
    price: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """One order of a bulk: of any type but market; see `create_order`."""

    market: str
    side: Side
    amount: Amount
    price: Amount | None = None
    type: OrderType = OrderType.LIMIT
    trigger_price: Amount | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    display: Amount | None = None


BulkOutcome = OrderResult | Rejected | None
"""What became of one item: an order's result, why it was refused, or None for a cancel that was done."""

Asked = Replaced | tuple[MarketSpec, NewOrder] | None
"""What an item of a bulk asks for; None for a cancel."""


def bulk_outcomes(
    asked: Sequence[Asked],
    *,
    account: int,
    nonce: int,
    sequence: int,
    events: Iterable[Event],
) -> tuple[BulkOutcome, ...]:
    """What the events of an envelope come to, item by item."""
    parts: list[list[Event]] = [[] for _ in asked]
    at: int | None = None
    dropped = Rejected("OrdersKilled", "the account's orders were killed before this item")
    for event in events:
        if isinstance(event, ItemBegun) and (event.account, event.nonce) == (account, nonce):
            at = event.item
        if at is not None:
            parts[at].append(event)
    outcomes: list[BulkOutcome] = []
    for wanted, part in zip(asked, parts, strict=True):
        refused = [event for event in part if isinstance(event, ItemRejected)]
        if refused or not part:
            outcomes.append(Rejected(refused[0].reason.value) if refused else dropped)
        elif wanted is None:
            outcomes.append(None)
        elif isinstance(wanted, Replaced):
            outcomes.append(wanted.result(account=account, nonce=nonce, sequence=sequence, events=part))
        else:
            spec, order = wanted
            size = to_base_units(order.amount, decimals=SIZE_DECIMALS, what="order amount")
            outcomes.append(
                order_result(
                    spec, account=account, side=order.side, size=size, nonce=nonce, sequence=sequence, events=part
                )
            )
    return tuple(outcomes)


def trigger_flag(side: Side, *, is_stop: bool) -> int:
    """Whether the mark has to rise or to fall: a stop waits for the bad way, a take-profit for the good one."""
    rises = (side is Side.BUY) == is_stop
    return int(OrderFlag.TRIGGER_ABOVE if rises else OrderFlag.TRIGGER_BELOW)


def _average(fills: list[tuple[int, int]]) -> Decimal | None:
    """Rounded down to 1e-8 USD."""
    if not fills:
        return None
    cost = sum(price * units for price, units in fills)
    return from_base_units(cost // sum(units for _, units in fills), decimals=PRICE_DECIMALS)
