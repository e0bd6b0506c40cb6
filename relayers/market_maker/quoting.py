"""What a market maker wants to quote, from mark and inventory, and the orders that lead there. Pure, in decimals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Literal

Way = Literal["buy", "sell"]
ONE, ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePolicy:
    """How to quote one market.

    tick, lot: the market's. half_spread: share of the mark between it and the best quote. levels: per side, `step` of
    the mark apart, each of `size`. inventory_max: greatest position either way, in the underlying. skew: share of the
    mark by which both sides move when the inventory is full, against it. tolerance: share of the mark by which a quote
    may be off before it is replaced, which costs its place.
    """

    tick: Decimal
    lot: Decimal
    size: Decimal
    inventory_max: Decimal
    half_spread: Decimal = Decimal("0.0005")
    levels: int = 1
    step: Decimal = Decimal("0.0005")
    skew: Decimal = Decimal("0.0005")
    tolerance: Decimal = Decimal("0.0001")

    @classmethod
    def of(cls, *, tick: int, lot: int, levels: int = 1, **numbers: str) -> "QuotePolicy":
        """From a market's tick and lot in 1e-8 and decimals as text; raises ArithmeticError or ValueError."""
        scale = Decimal(10**8)
        spoken = {name: Decimal(text) for name, text in numbers.items()}
        if not all(number.is_finite() for number in spoken.values()):
            raise ValueError("a number is needed")
        return cls(tick=tick / scale, lot=lot / scale, levels=levels, **spoken)

    def __post_init__(self) -> None:
        positive = (self.tick, self.lot, self.size, self.inventory_max, self.half_spread, self.step)
        if min(positive) <= 0 or self.levels < 1 or min(self.skew, self.tolerance) < 0:
            raise ValueError("tick, lot, size, inventory, spread, step and levels are positive")
        if self.skew >= self.half_spread + ONE:
            raise ValueError("a skew beyond the price quotes below zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """An order to place."""

    side: Way
    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """One of our orders in the book."""

    order_id: str
    side: Way
    price: Decimal
    remaining: Decimal


def desired(policy: QuotePolicy, *, mark: Decimal, inventory: Decimal) -> list[Placement]:
    """Both sides around the mark, best first; a side whose fill could exceed the inventory's limit is cut or absent.

    Prices are rounded away from the mark, sizes down to the lot.
    """
    fullness = max(-ONE, min(ONE, inventory / policy.inventory_max))
    middle = mark * (ONE - policy.skew * fullness)
    return [
        *_side("buy", policy, middle, policy.inventory_max - inventory),
        *_side("sell", policy, middle, policy.inventory_max + inventory),
    ]


def _side(side: Way, policy: QuotePolicy, middle: Decimal, room: Decimal) -> Iterator[Placement]:
    sign, rounding = (-ONE, ROUND_FLOOR) if side == "buy" else (ONE, ROUND_CEILING)
    for level in range(policy.levels):
        size = _multiple(min(policy.size, room), policy.lot, ROUND_FLOOR)
        price = _multiple(middle * (ONE + sign * (policy.half_spread + level * policy.step)), policy.tick, rounding)
        if size <= 0 or price <= 0:
            return
        room -= size
        yield Placement(side=side, price=price, size=size)


def difference(
    policy: QuotePolicy, resting: Sequence[Resting], wanted: Sequence[Placement], *, mark: Decimal
) -> tuple[list[str], list[Placement]]:
    """Ids to cancel and orders to place. An order near enough to a wanted quote keeps its place in the queue."""
    open_quotes = list(wanted)
    cancels: list[str] = []
    for order in resting:
        kept = next(
            (
                quote
                for quote in open_quotes
                if quote.side == order.side
                and quote.size == order.remaining
                and abs(quote.price - order.price) <= policy.tolerance * mark
            ),
            None,
        )
        if kept is None:
            cancels.append(order.order_id)
        else:
            open_quotes.remove(kept)
    return cancels, open_quotes


def _multiple(value: Decimal, unit: Decimal, rounding: str) -> Decimal:
    return (value / unit).to_integral_value(rounding=rounding) * unit
