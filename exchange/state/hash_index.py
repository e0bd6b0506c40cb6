"""Index of the sorted list of used hashes. Derived from the leaves, never part of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from exchange.state.hash_use import HashUse


class HashIndex:
    """Keys in order, and the id of each."""

    __slots__ = ("_ids", "_keys")

    def __init__(self, entries: Iterable[HashUse] = ()) -> None:
        self._ids: dict[bytes, int] = {entry.key: at for at, entry in enumerate(entries)}
        self._keys: list[bytes] = sorted(self._ids)

    def __contains__(self, key: bytes) -> bool:
        return key in self._ids

    def add(self, key: bytes, entry_id: int) -> None:
        """Note a new entry."""
        insort(self._keys, key)
        self._ids[key] = entry_id

    def predecessor(self, key: bytes) -> int:
        """Id of the greatest entry below `key`; entry 0 is below all others."""
        return self._ids[self._keys[bisect_left(self._keys, key) - 1]]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HashIndex):
            return NotImplemented
        return (self._keys, self._ids) == (other._keys, other._ids)

    __hash__ = None  # type: ignore[assignment]
