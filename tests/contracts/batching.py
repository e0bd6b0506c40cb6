"""Batches as bytes, honest and malformed; see docs/protocol/batches.md."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

STEP = b"\x06\x00\x01"
ZERO_WORD = bytes(32)


def segment(clock: int, steps: Sequence[bytes] = (STEP,), forced: int = 0) -> bytes:
    """One segment with its length."""
    return framed(body(clock, steps, forced))


def body(clock: int, steps: Sequence[bytes] = (STEP,), forced: int = 0) -> bytes:
    """A segment without its length."""
    head = clock.to_bytes(8, "big") + bytes([forced, len(steps)])
    return head + b"".join(len(step).to_bytes(2, "big") + step for step in steps)


def framed(inner: bytes) -> bytes:
    """The length in front."""
    return len(inner).to_bytes(3, "big") + inner


def root(index: int) -> bytes:
    """Some state root."""
    return keccak(b"root" + index.to_bytes(4, "big"))


def node(children: Sequence[bytes]) -> bytes:
    """A node of the state tree over four children."""
    return ZERO_WORD if not any(map(any, children)) else keccak(b"\x01" + b"".join(children))


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Root over the leaves, padded with zero to the next power of four."""
    level, width = list(leaves), 1
    while width < len(level):
        width *= 4
    level += [ZERO_WORD] * (width - len(level))
    while len(level) > 1:
        level = [node(level[index : index + 4]) for index in range(0, len(level), 4)]
    return level[0]


def commitment(bodies: Sequence[bytes], roots: Sequence[bytes]) -> bytes:
    """What the rollup derives from a batch."""
    leaves = [keccak(b"\x02" + keccak(inner) + claimed) for inner, claimed in zip(bodies, roots, strict=True)]
    return keccak(b"\x03" + len(leaves).to_bytes(4, "big") + tree_root(leaves))


def sparse_path(leaves: dict[int, bytes], index: int, depth: int) -> tuple[bytes, list[bytes]]:
    """Root of a sparse tree and the siblings of one leaf, three a level from the leaf up."""
    siblings: list[bytes] = []
    level = dict(leaves)
    for _ in range(depth):
        first = index - index % 4
        siblings += [level.get(first + child, ZERO_WORD) for child in range(4) if child != index % 4]
        parents = {position // 4 for position in level}
        level = {up: node([level.get(4 * up + child, ZERO_WORD) for child in range(4)]) for up in parents}
        index //= 4
    return level.get(0, ZERO_WORD), siblings
