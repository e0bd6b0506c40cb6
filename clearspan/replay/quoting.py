"""From the recorded book to the orders that make ours the same: what to cancel and what to place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clearspan.replay.book import Quotes

BID = 0
ASK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """One of our own orders in the book, 1e-8; `reference` is whatever cancels it."""

    reference: tuple[int, int]
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """An order to place: side (0 bid, 1 ask), price and size, 1e-8."""

    side: int
    price: int
    size: int


Ladder = Mapping[tuple[int, int], Resting]


def changes(
    resting: Ladder, target: Quotes, *, tick: int, lot: int, min_size: int
) -> tuple[list[tuple[int, int]], list[Placement]]:
    """Keys `(side, price)` to cancel and orders to place, so that `resting` becomes `target`.

    Sizes are rounded down to the lot; a level that is then below the smallest size, or off the tick, is left out. A
    level whose size is already right keeps its order and so its place in the queue. The book does not cross itself as
    long as all cancels go first.
    """
    wanted: dict[tuple[int, int], int] = {}
    for side, levels in ((BID, target.bids), (ASK, target.asks)):
        for price, size in levels:
            whole_lots = size - size % lot
            if whole_lots >= min_size and price % tick == 0:
                wanted[side, price] = whole_lots
    cancels = [key for key, order in resting.items() if wanted.get(key) != order.remaining]
    kept = resting.keys() - set(cancels)
    places = [
        Placement(side=side, price=price, size=size)
        for (side, price), size in wanted.items()
        if (side, price) not in kept
    ]
    return cancels, places
