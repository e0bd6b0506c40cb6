"""Tries of every shape, and proofs of their keys as our verifiers take them."""

from collections.abc import Iterable, Mapping, Sequence

import rlp
from eth_utils.crypto import keccak
from hypothesis import strategies as st
from trie import HexaryTrie

import chains  # noqa: F401  chooses the keccak backend before py-trie does
from bridge.abi import abi_encode
from bridge.storage_proofs import without_shared


def build(entries: Mapping[bytes, bytes]) -> HexaryTrie:
    """py-trie's trie of these keys, which are not hashed."""
    trie = HexaryTrie({})
    for key, value in entries.items():
        trie[key] = value
    return trie


def nodes_of(trie: HexaryTrie, key: bytes) -> tuple[bytes, ...]:
    """Nodes from the root down to the key, without those inlined in their parent."""
    return listed(rlp.encode(node) for node in trie.get_proof(key))


def listed(nodes: Iterable[bytes]) -> tuple[bytes, ...]:
    """These nodes without those that are inlined in their parent; the root never is."""
    root, *rest = nodes
    return (root, *(node for node in rest if len(node) >= 32))


def encode_nodes(nodes: Sequence[bytes]) -> bytes:
    """Proof of one key."""
    return abi_encode(["bytes[]"], [list(nodes)])


def encode_lists(proofs: Sequence[Sequence[bytes]]) -> bytes:
    """Proof of many keys: of each the nodes that are not on the path of the one before."""
    return abi_encode(["bytes[][]"], [without_shared(proofs)])


def hash_keys(count: int) -> list[bytes]:
    """Keys as a secure trie has them."""
    return [bytes(keccak(index.to_bytes(4, "big"))) for index in range(count)]


FEW_BYTES = st.sampled_from([0x00, 0x01, 0x10, 0x11, 0x1F, 0xF0])
"""Bytes that often share their first nibble, so that keys part everywhere."""

VALUES = st.one_of(
    st.sampled_from([b"\x01", b"\x7f", b"\x80", b"\xc0", b"\xa0" + b"\x11" * 32, b"\x22" * 55, b"\x22" * 56]),
    st.binary(min_size=1, max_size=70),
    st.integers(min_value=60, max_value=400).map(lambda size: b"\x33" * size),
)


def _deep(tails: Sequence[bytes]) -> list[bytes]:
    return [b"\x5a" * (32 - len(tail)) + tail for tail in tails]


SHORT_KEYS = st.lists(st.lists(FEW_BYTES, min_size=2, max_size=2).map(bytes), min_size=1, max_size=12, unique=True)
NESTED_KEYS = st.lists(st.lists(FEW_BYTES, min_size=1, max_size=4).map(bytes), min_size=1, max_size=10, unique=True)
DEEP_KEYS = (
    st.lists(st.binary(min_size=1, max_size=2), min_size=1, max_size=6, unique=True)
    .map(_deep)
    .map(lambda keys: list(dict.fromkeys(keys)))
)
LONG_KEYS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20, unique=True)

SHAPES = {
    "short keys, inlined nodes": SHORT_KEYS,
    "keys that end inside of others, branch values": NESTED_KEYS,
    "keys that part at their ends, long extensions": DEEP_KEYS,
    "keys like hashes": LONG_KEYS,
}


@st.composite
def entries(draw: st.DrawFn, keys: st.SearchStrategy[list[bytes]]) -> dict[bytes, bytes]:
    """Keys and values of a trie, none empty."""
    return {key: draw(VALUES) for key in draw(keys)}
