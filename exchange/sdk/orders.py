"""Orders between a trader's words and the engine's numbers."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from exchange.engine.events import Event, Filled, OrderPlaced
from exchange.sdk.amounts import PRICE_DECIMALS, SIZE_DECIMALS, Amount, from_base_units, to_base_units
from exchange.sdk.catalogue import MarketSpec
from exchange.sdk.errors import InvalidAmount, Rejected
from exchange.sdk.results import Fill, OrderResult, OrderStatus, Side

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
    resting: OrderPlaced | None = None
    for event in events:
        if isinstance(event, Filled) and (event.taker, event.taker_nonce) == (account, nonce):
            fills.append((event.price, event.size))
        elif isinstance(event, OrderPlaced) and (event.account, event.nonce) == (account, nonce):
            resting = event
    filled = sum(units for _, units in fills)
    status = OrderStatus.CANCELLED
    if resting is not None:
        status = OrderStatus.OPEN
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


def _average(fills: list[tuple[int, int]]) -> Decimal | None:
    """Rounded down to 1e-8 USD."""
    if not fills:
        return None
    cost = sum(price * units for price, units in fills)
    return from_base_units(cost // sum(units for _, units in fills), decimals=PRICE_DECIMALS)
