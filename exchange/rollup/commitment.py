"""The commitment to a batch, as `Rollup` derives it from its own calldata (docs/protocol/batches.md)."""

from collections.abc import Sequence

from exchange.state.hashing import ZERO, keccak256, node_hash


def segment_leaf(body: bytes, root: bytes) -> bytes:
    """Bind a segment's bytes to the root claimed after it."""
    return keccak256(b"\x02" + keccak256(body) + root)


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Root of the 4-ary tree over the leaves padded with zero to the next power of four; one leaf is its own root."""
    level = list(leaves)
    while len(level) > 1:
        level += [ZERO] * (-len(level) % 4)
        level = [node_hash(b"".join(level[at : at + 4])) for at in range(0, len(level), 4)]
    return level[0]


def commitment(bodies: Sequence[bytes], roots: Sequence[bytes]) -> bytes:
    """Commit to at least one segment: its body and its claimed root, in order."""
    leaves = [segment_leaf(body, root) for body, root in zip(bodies, roots, strict=True)]
    return keccak256(b"\x03" + len(leaves).to_bytes(4) + tree_root(leaves))
