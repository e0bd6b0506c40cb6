"""Index of one market's book: where a price level ends, so that an insertion finds its neighbours.

Derived from the order leaves, never part of them; the linked lists in the leaves are what counts.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final

from exchange.state.market import Market
from exchange.state.order import Order

BID: Final = 0


class BookSide:
    """Levels of one list: `tails` gives the last slot + 1 of each price, `prices` ascends.

    `is_bid` says that the list starts at the highest price.
    """

    __slots__ = ("is_bid", "prices", "tails")

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.prices: list[int] = []
        self.tails: dict[int, int] = {}

    def neighbour(self, price: int) -> int:
        """Slot + 1 of the last order at least as good as `price`, 0 if a new order there would be first."""
        tail = self.tails.get(price)
        if tail is not None:
            return tail
        prices = self.prices
        at = bisect_left(prices, price)
        if self.is_bid:
            return self.tails[prices[at]] if at < len(prices) else 0
        return self.tails[prices[at - 1]] if at else 0

    def append(self, price: int, reference: int) -> None:
        """Note that `reference` (slot + 1) is now last at `price`."""
        if price not in self.tails:
            insort(self.prices, price)
        self.tails[price] = reference

    def remove(self, price: int, reference: int, previous: int, previous_price: int) -> None:
        """Note that `reference` was unlinked; `previous` (slot + 1, or 0) stood before it at `previous_price`."""
        if self.tails[price] != reference:
            return
        if previous and previous_price == price:
            self.tails[price] = previous
        else:
            del self.tails[price]
            del self.prices[bisect_left(self.prices, price)]

    def levels_from_best(self) -> Sequence[int]:
        """Prices, best first."""
        return self.prices[::-1] if self.is_bid else self.prices

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BookSide):
            return NotImplemented
        return (self.is_bid, self.prices, self.tails) == (other.is_bid, other.prices, other.tails)

    __hash__ = None  # type: ignore[assignment]


class Book:
    """Both sides of a market, `sides[0]` bids, `sides[1]` asks, and its trigger lists, by trigger.

    `triggers[0]` wait for the mark to fall (the highest first), `triggers[1]` for it to rise (the lowest first).
    """

    __slots__ = ("sides", "triggers")

    def __init__(self) -> None:
        self.sides = (BookSide(is_bid=True), BookSide(is_bid=False))
        self.triggers = (BookSide(is_bid=True), BookSide(is_bid=False))

    @classmethod
    def from_leaves(cls, market: Market, slots: Sequence[Order]) -> Book:
        """Index the linked lists of a market."""
        book = cls()
        for side, reference in zip(book.sides, (market.best_bid, market.best_ask), strict=True):
            while reference:
                order = slots[reference - 1]
                side.append(order.price, reference)
                reference = order.next  # noqa: PLW2901  # walking the list
        for waiting, reference in zip(book.triggers, (market.trigger_below, market.trigger_above), strict=True):
            while reference:
                order = slots[reference - 1]
                waiting.append(order.trigger, reference)
                reference = order.next  # noqa: PLW2901  # walking the list
        return book

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Book):
            return NotImplemented
        return (self.sides, self.triggers) == (other.sides, other.triggers)

    __hash__ = None  # type: ignore[assignment]
