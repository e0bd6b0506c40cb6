"""Tables of leaves: rows in memory, committed bytes, and the tree over their hashes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, Protocol, TypeVar

from exchange.state.hashing import ZERO, keccak256, leaf_prefix
from exchange.state.order import SLOT_BITS, SLOT_MASK, Order
from exchange.state.tree import Tree


class Leaf(Protocol):
    """Anything that has a leaf body."""

    def encode(self) -> bytes:
        """Leaf body."""


L = TypeVar("L", bound=Leaf)

Undo = list[tuple[int, bytes | None]]
"""Ids with the bodies they had before a commit, None where there was no leaf."""


class Table(ABC, Generic[L]):
    """Leaves of one kind. Code that changes a row adds its id to `dirty`; nothing else notices changes."""

    def __init__(self, kind: int, depth: int, decode: Callable[[bytes], L]) -> None:
        self.prefix: Final = leaf_prefix(kind)
        self.tree: Final = Tree(depth)
        self.dirty: Final[set[int]] = set()
        self.bodies: Final[dict[int, bytes]] = {}
        self.decode: Final = decode

    @abstractmethod
    def row(self, index: int) -> L | None:
        """The leaf in memory, None where there is none."""

    @abstractmethod
    def restore(self, leaves: Mapping[int, L | None]) -> None:
        """Put leaves back in memory; None removes one."""

    def commit(self) -> Undo:
        """Encode and hash what is dirty; answer with what the bodies were."""
        undo: Undo = []
        hashes: dict[int, bytes] = {}
        bodies = self.bodies
        prefix = self.prefix
        row = self.row
        for index in sorted(self.dirty):
            leaf = row(index)
            if leaf is None:
                continue
            body = leaf.encode()
            old = bodies.get(index)
            if body != old:
                undo.append((index, old))
                bodies[index] = body
                hashes[index] = keccak256(prefix + body)
        self.dirty.clear()
        self.tree.update(hashes)
        return undo

    def discard(self) -> None:
        """Return the dirty rows to their committed bodies."""
        self._reload(sorted(self.dirty))
        self.dirty.clear()

    def revert(self, undos: Iterable[Undo]) -> None:
        """Take back commits, newest first, in memory and in the tree."""
        old: dict[int, bytes | None] = {}
        for undo in undos:
            old.update(undo)
        for index, body in old.items():
            if body is None:
                self.bodies.pop(index, None)
            else:
                self.bodies[index] = body
        self._reload(old)
        self.tree.update(
            {index: ZERO if body is None else keccak256(self.prefix + body) for index, body in old.items()}
        )

    def _reload(self, indices: Iterable[int]) -> None:
        bodies = self.bodies
        self.restore({index: self.decode(bodies[index]) if index in bodies else None for index in indices})


class DenseTable(Table[L]):
    """Rows by id, `0 .. len(rows) - 1`, never removed but by a revert."""

    def __init__(self, kind: int, depth: int, decode: Callable[[bytes], L]) -> None:
        super().__init__(kind, depth, decode)
        self.rows: Final[list[L]] = []

    def row(self, index: int) -> L | None:
        """The leaf in memory, None where there is none."""
        return self.rows[index] if index < len(self.rows) else None

    def restore(self, leaves: Mapping[int, L | None]) -> None:
        """Put leaves back in memory; None removes one from the end."""
        rows = self.rows
        keep = len(rows)
        for index, leaf in leaves.items():
            if leaf is None:
                keep = min(keep, index)
            else:
                rows[index] = leaf
        del rows[keep:]


class SparseTable(Table[L]):
    """Rows by id with gaps."""

    def __init__(self, kind: int, depth: int, decode: Callable[[bytes], L]) -> None:
        super().__init__(kind, depth, decode)
        self.rows: Final[dict[int, L]] = {}

    def row(self, index: int) -> L | None:
        """The leaf in memory, None where there is none."""
        return self.rows.get(index)

    def restore(self, leaves: Mapping[int, L | None]) -> None:
        """Put leaves back in memory; None removes one."""
        for index, leaf in leaves.items():
            if leaf is None:
                self.rows.pop(index, None)
            else:
                self.rows[index] = leaf


class OrderTable(Table[Order]):
    """Slots by market, dense in each; the id is `market * 4^12 + slot`."""

    def __init__(self, kind: int, depth: int) -> None:
        super().__init__(kind, depth, Order.decode)
        self.markets: Final[list[list[Order]]] = []

    def row(self, index: int) -> Order | None:
        """The leaf in memory, None where there is none."""
        slots = self.markets[index >> SLOT_BITS]
        slot = index & SLOT_MASK
        return slots[slot] if slot < len(slots) else None

    def restore(self, leaves: Mapping[int, Order | None]) -> None:
        """Put leaves back in memory; None removes one from the end of its market."""
        keep: dict[int, int] = {}
        for index, leaf in leaves.items():
            market, slot = index >> SLOT_BITS, index & SLOT_MASK
            if leaf is None:
                keep[market] = min(keep.get(market, slot), slot)
            else:
                self.markets[market][slot] = leaf
        for market, count in keep.items():
            del self.markets[market][count:]
