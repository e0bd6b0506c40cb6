"""Hashes of the state tree: tagged leaves and tagged nodes of four children."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import tiny_keccak

keccak256: Final[Callable[[bytes], bytes]] = tiny_keccak.keccak256

ZERO: Final = bytes(32)
"""Hash of a leaf that does not exist, and of a subtree without leaves."""

LEAF_TAG: Final = b"\x00"
NODE_TAG: Final = b"\x01"


def leaf_prefix(kind: int) -> bytes:
    """Two bytes that every leaf of a kind is hashed behind."""
    return LEAF_TAG + bytes([kind])


def leaf_hash(kind: int, body: bytes) -> bytes:
    """`keccak256(0x00 kind body)`."""
    return keccak256(leaf_prefix(kind) + body)


def node_hash(children: bytes) -> bytes:
    """`keccak256(0x01 c0 c1 c2 c3)` of 128 bytes; four zero children make a zero node."""
    if len(children) != 128:
        raise ValueError("a node has four children of 32 bytes")
    if not any(children):
        return ZERO
    return keccak256(NODE_TAG + children)
