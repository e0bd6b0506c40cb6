"""What all checks have in common: they read final blocks once, and tell what they find alarming."""

from collections.abc import Iterator
from typing import Protocol

from relayers.task_store import TaskStore
from relayers.watching.alarms import Alarm

SCAN_BLOCKS_MAX = 1_000
FOREVER = (1 << 31) - 1
"""A time by which everything is due."""


class Check(Protocol):
    """Something that may be alarming."""

    def look(self) -> Iterator[Alarm]:
        """What is alarming in final blocks since the last look; raises ChainError, to be asked again."""
        ...


def unread(queue: TaskStore, start: int, final: int) -> Iterator[tuple[int, int]]:
    """Unread final blocks in pieces; the cursor moves with what was found in each."""
    first = queue.cursor(start)
    while first <= final:
        last = min(first + SCAN_BLOCKS_MAX - 1, final)
        yield first, last
        first = last + 1
