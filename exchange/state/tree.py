"""A sparse 4-ary hash tree over dense ids, updated along the paths that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from exchange.state.hashing import NODE_TAG, ZERO, keccak256

_EMPTY: Final = NODE_TAG + bytes(128)
_CHILDREN: Final = tuple(slice(1 + 32 * child, 33 + 32 * child) for child in range(4))


class Tree:
    """Hashes of ids `0 .. 4^depth - 1`.

    Level 0 holds the leaves. Each level keeps its hashes four by four, as the tagged preimage of their parent, so that
    a changed child costs one slice assignment and one hash.
    """

    __slots__ = ("_groups", "depth", "root")

    def __init__(self, depth: int) -> None:
        """Create an empty tree of `depth` levels above the leaves, at least 1."""
        if depth < 1:
            raise ValueError("a tree has at least one level")
        self.depth = depth
        self.root = ZERO
        self._groups: list[dict[int, bytearray]] = [{} for _ in range(depth)]

    def update(self, leaves: Mapping[int, bytes]) -> bytes:
        """Set the hashes of leaves by id (`ZERO` removes one) and return the new root."""
        if not leaves:
            return self.root
        if max(leaves) >> (2 * self.depth) or min(leaves) < 0:
            raise ValueError(f"id outside a tree of depth {self.depth}")
        children = _CHILDREN
        removal = ZERO in leaves.values()
        changes: Iterable[tuple[int, bytes]] = leaves.items()
        for groups in self._groups:
            touched: dict[int, bytearray] = {}
            find = groups.get
            for index, digest in changes:
                parent = index >> 2
                group = find(parent)
                if group is None:
                    group = groups[parent] = bytearray(_EMPTY)
                touched[parent] = group
                group[children[index & 3]] = digest
            if removal:
                changes = [(parent, self._digest(groups, parent, group)) for parent, group in touched.items()]
            else:
                changes = [(parent, keccak256(bytes(group))) for parent, group in touched.items()]
        ((_, self.root),) = changes
        return self.root

    def leaf(self, index: int) -> bytes:
        """Hash of one leaf, `ZERO` where there is none."""
        return self._node(0, index)

    def proof(self, index: int) -> list[bytes]:
        """Siblings of a leaf from the leaf up, three a level, in order of child index without its own."""
        return self.prefix_proof(index, 1 << (2 * self.depth))

    def prefix_proof(self, index: int, count: int) -> list[bytes]:
        """Siblings of a leaf in the tree that held only the ids below `count`, as `proof`."""
        if not 0 <= index < 1 << (2 * self.depth):
            raise ValueError(f"id outside a tree of depth {self.depth}")
        siblings: list[bytes] = []
        for level in range(self.depth):
            at = index >> (2 * level)
            first = at & ~3
            siblings += [self._prefix_node(level, child, count) for child in range(first, first + 4) if child != at]
        return siblings

    def prefix_root(self, count: int) -> bytes:
        """Root of the tree that held only the ids below `count`."""
        return self._prefix_node(self.depth, 0, count)

    def _digest(self, groups: dict[int, bytearray], parent: int, group: bytearray) -> bytes:
        if group == _EMPTY:
            del groups[parent]
            return ZERO
        return keccak256(bytes(group))

    def _node(self, level: int, index: int) -> bytes:
        if level == self.depth:
            return self.root
        group = self._groups[level].get(index >> 2)
        if group is None:
            return ZERO
        return bytes(group[_CHILDREN[index & 3]])

    def _prefix_node(self, level: int, index: int, count: int) -> bytes:
        width = 1 << (2 * level)
        if index * width >= count:
            return ZERO
        if (index + 1) * width <= count:
            return self._node(level, index)
        children = [self._prefix_node(level - 1, 4 * index + child, count) for child in range(4)]
        return keccak256(NODE_TAG + b"".join(children))


def climb(leaf: bytes, index: int, siblings: list[bytes]) -> bytes:
    """Root that a leaf and its siblings (as `Tree.proof` gives them) hash to."""
    if len(siblings) % 3:
        raise ValueError("three siblings a level")
    digest = leaf
    for level in range(0, len(siblings), 3):
        children = siblings[level : level + 3]
        children.insert(index & 3, digest)
        joined = b"".join(children)
        digest = keccak256(NODE_TAG + joined) if any(joined) else ZERO
        index >>= 2
    return digest
