"""The one thread of a world: what is due, in an order that only the seed decides."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from chains.clock import VirtualClock

Action = Callable[[], None]


@dataclass(order=True, slots=True)
class _Due:
    time: int
    draw: int
    number: int
    action: Action = field(compare=False)
    is_block: bool = field(compare=False)


class Scheduler:
    """A queue of actions by time, ties broken by chance. Times are whole seconds of the world's clock."""

    def __init__(self, clock: VirtualClock, chance: Random) -> None:
        self.clock = clock
        self._chance = chance
        self._queue: list[_Due] = []
        self._number = 0

    def at(self, time: int, action: Action, *, is_block: bool = False) -> None:
        """Have an action run once; `is_block` if it is a chain's, which goes on while somebody waits for a block."""
        self._number += 1
        heapq.heappush(self._queue, _Due(time, self._chance.getrandbits(32), self._number, action, is_block))

    def every(self, seconds: Callable[[], int], action: Action, *, is_block: bool = False) -> None:
        """Have an action run again and again, `seconds()` after each other."""

        def run() -> None:
            action()
            self.at(self.clock.now() + max(1, seconds()), run, is_block=is_block)

        self.at(self.clock.now() + self._chance.randint(1, max(1, seconds())), run, is_block=is_block)

    def run_until(self, time: int, done: Callable[[], bool] = lambda: False) -> None:
        """Run what is due up to and at a time, or until `done`."""
        while self._queue and self._queue[0].time <= time and not done():
            due = heapq.heappop(self._queue)
            self.clock.advance(max(0, due.time - self.clock.now()))
            due.action()
        if not done():
            self.clock.advance(max(0, time - self.clock.now()))

    def let_pass(self, seconds: int) -> None:
        """Let time pass for somebody who waits in the middle of an action: only blocks are made meanwhile."""
        end = self.clock.now() + max(1, seconds)
        blocks = sorted(due for due in self._queue if due.is_block and due.time <= end)
        if blocks:
            taken = {due.number for due in blocks}
            self._queue = [due for due in self._queue if due.number not in taken]
            heapq.heapify(self._queue)
        for due in blocks:
            self.clock.advance(max(0, due.time - self.clock.now()))
            due.action()
        self.clock.advance(max(0, end - self.clock.now()))
