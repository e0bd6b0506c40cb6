"""Operations that every book understands, and the plainest book there is, which makes them.

An operation is (kind, number, side, price, size): price in ticks, 0 buys and 1 sells; an order's number is its place in
the flow, a cancel's that of the order it takes out, which rests then.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from random import Random

LIMIT, TAKE, CANCEL = 0, 1, 2
Operation = tuple[int, int, int, int, int]


class Ladder:
    """Price-time priority in a dictionary of queues and two heaps; `traded` counts the size that was exchanged."""

    def __init__(self) -> None:
        self.traded = 0
        self.resting: dict[int, list[int]] = {}
        self._levels: tuple[dict[int, deque[int]], ...] = ({}, {})
        self._best: tuple[list[int], list[int]] = ([], [])

    def limit(self, number: int, side: int, price: int, size: int) -> None:
        """Trade as far as the price allows, rest with what is left."""
        left = self.take(number, side, price, size)
        if not left:
            return
        levels = self._levels[side]
        if price not in levels:
            levels[price] = deque()
            heappush(self._best[side], price if side else -price)
        levels[price].append(number)
        self.resting[number] = [side, price, left]

    def take(self, _number: int, side: int, price: int, size: int) -> int:
        """Trade as far as the price allows; return what is left."""
        levels, best = self._levels[1 - side], self._best[1 - side]
        resting = self.resting
        while size and best:
            at = -best[0] if side else best[0]
            if at < price if side else at > price:
                break
            queue = levels[at]
            while queue and size:
                maker = resting.get(queue[0])
                if maker is None:  # cancelled
                    queue.popleft()
                    continue
                met = min(size, maker[2])
                size -= met
                maker[2] -= met
                self.traded += met
                if not maker[2]:
                    del resting[queue.popleft()]
            if not queue:
                del levels[at]
                heappop(best)
        return size

    def cancel(self, number: int) -> None:
        """Take an order out; its queue forgets it when it comes by."""
        del self.resting[number]


def make_flow(operations: int, seed: int = 1) -> list[Operation]:
    """60 % passive limits, 25 % takers, 15 % cancels around a drifting middle, as `bench_engine` has them."""
    random = Random(seed)
    ladder = Ladder()
    flow: list[Operation] = []
    numbers: list[int] = []
    middle = 50_000
    while len(flow) < operations:
        number = len(flow)
        kind = random.random()
        if kind < 0.15:
            if not numbers:
                continue
            at = random.randrange(len(numbers))
            numbers[at], numbers[-1] = numbers[-1], numbers[at]
            gone = numbers.pop()
            if gone in ladder.resting:
                flow.append((CANCEL, gone, *ladder.resting[gone]))
                ladder.cancel(gone)
            continue
        side = random.randrange(2)
        away = -random.randrange(1, 20) if kind < 0.4 else random.randrange(1, 60)
        price = middle + (away if side else -away)
        size = random.randrange(1, 50)
        middle += random.choice((-1, 0, 0, 0, 1))
        if kind < 0.4:
            flow.append((TAKE, number, side, price, size))
            ladder.take(number, side, price, size)
        else:
            flow.append((LIMIT, number, side, price, size))
            ladder.limit(number, side, price, size)
            numbers.append(number)
    return flow


def run_ladder(flow: list[Operation]) -> int:
    """What the flow trades on the plain ladder."""
    ladder = Ladder()
    limit, take, cancel = ladder.limit, ladder.take, ladder.cancel
    for kind, number, side, price, size in flow:
        if kind == LIMIT:
            limit(number, side, price, size)
        elif kind == TAKE:
            take(number, side, price, size)
        else:
            cancel(number)
    return ladder.traded
