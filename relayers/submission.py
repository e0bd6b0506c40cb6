"""Submits items together and finds the one that spoils the batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from chains.errors import ChainError
from relayers.errors import NotNow
from relayers.retries import Failure, classify

Item = TypeVar("Item")

BATCH_ITEMS_MAX = 16
BATCH_GAS_MAX = 12_000_000
"""Well below a block, so that a batch never waits for an empty one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Generic[Item]):
    """An item that could not be submitted, alone or with what it was batched with."""

    item: Item
    error: ChainError | NotNow


def batches(items: Sequence[Item], gas_of: Callable[[Item], int]) -> Iterator[list[Item]]:
    """Group items in order, each group within `BATCH_ITEMS_MAX` and, unless one item is larger, `BATCH_GAS_MAX`."""
    group: list[Item] = []
    gas = 0
    for item in items:
        if group and (len(group) == BATCH_ITEMS_MAX or gas + gas_of(item) > BATCH_GAS_MAX):
            yield group
            group, gas = [], 0
        group.append(item)
        gas += gas_of(item)
    if group:
        yield group


def submit_splitting(items: Sequence[Item], submit: Callable[[Sequence[Item]], object]) -> list[Failed[Item]]:
    """Submit all items at once; on a failure that an item may have caused, each half by itself, down to one item.

    Returns the items that failed; the others went through.
    """
    try:
        submit(items)
    except (ChainError, NotNow) as error:
        if classify(error) is Failure.CIRCUMSTANCES or len(items) == 1:
            return [Failed(item=item, error=error) for item in items]
        middle = len(items) // 2
        return submit_splitting(items[:middle], submit) + submit_splitting(items[middle:], submit)
    return []
