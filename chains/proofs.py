"""Merkle-Patricia proofs, checked strictly: every node is used exactly once and only presence can be proven.

Nodes go from the root down; nodes under 32 bytes are inlined in their parent and must not be listed. What is absent
raises ProofError(Absent): "not there" is never an answer that anything may rest on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import rlp
from eth_hash.auto import keccak

from chains.errors import ProofError, ProofReason

BRANCH_ITEMS = 17
TERMINATOR = 16
EMPTY_TRIE_ROOT = keccak(b"\x80")
EMPTY_CODE_HASH = keccak(b"")

Node = bytes | list["Node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageProof:
    """One word of storage: slot and value are integers below 2**256, nodes lead from the storage root to it."""

    slot: int
    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProof:
    """An account and some of its storage at one block, as `eth_getProof` gives it; nothing in it is checked yet.

    address: 20 bytes. account_nodes lead from the state root to the account.
    """

    address: bytes
    account_nodes: tuple[bytes, ...]
    storage_hash: bytes
    storage: tuple[StorageProof, ...]
    nonce: int = 0
    balance: int = 0
    code_hash: bytes = EMPTY_CODE_HASH


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAccount:
    """What the state trie holds under an address."""

    nonce: int
    balance: int
    storage_hash: bytes
    code_hash: bytes


def verify_account(state_root: bytes, proof: AccountProof) -> ProvenAccount:
    """The account the proof proves under the state root; raises ProofError, also when the proof's own fields differ."""
    value = verify_trie(state_root, keccak(proof.address), proof.account_nodes)
    items = _decode(value)
    if not isinstance(items, list) or len(items) != 4 or any(not isinstance(item, bytes) for item in items):
        raise ProofError(ProofReason.MALFORMED_NODE, "an account is a list of four byte strings")
    nonce, balance, storage_hash, code_hash = cast("list[bytes]", items)
    account = ProvenAccount(
        nonce=int.from_bytes(nonce, "big"),
        balance=int.from_bytes(balance, "big"),
        storage_hash=storage_hash,
        code_hash=code_hash,
    )
    claimed = ProvenAccount(
        nonce=proof.nonce, balance=proof.balance, storage_hash=proof.storage_hash, code_hash=proof.code_hash
    )
    if account != claimed:
        raise ProofError(ProofReason.WRONG_VALUE, "the account is not as claimed")
    return account


def verify_storage(storage_root: bytes, proof: StorageProof) -> int:
    """The non-zero word proven under the storage root; raises ProofError, also when it is not `proof.value`."""
    value = _decode(verify_trie(storage_root, keccak(proof.slot.to_bytes(32, "big")), proof.nodes))
    if not isinstance(value, bytes) or not 0 < len(value) <= 32 or value[0] == 0:
        raise ProofError(ProofReason.MALFORMED_NODE, "a storage word is 1 to 32 bytes without leading zeros")
    word = int.from_bytes(value, "big")
    if word != proof.value:
        raise ProofError(ProofReason.WRONG_VALUE, f"slot {proof.slot:#x} holds {word:#x}, not {proof.value:#x}")
    return word


def verify_trie(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes:
    """The value under `key` (already hashed where the trie is secure); raises ProofError with its reason."""
    remaining = iter(nodes)
    path = _nibbles(key)
    node = _take(remaining, root, is_root=True)
    while True:
        if len(node) == BRANCH_ITEMS:
            if not path:
                return _finish(node[TERMINATOR], remaining)
            child, path = node[path[0]], path[1:]
        else:
            prefix, is_leaf = _hex_prefix(node[0])
            if path[: len(prefix)] != prefix or (is_leaf and len(path) != len(prefix)):
                raise ProofError(ProofReason.ABSENT, "the path leads elsewhere")
            child, path = node[1], path[len(prefix) :]
            if is_leaf:
                return _finish(child, remaining)
        if child == b"":
            raise ProofError(ProofReason.ABSENT, "the branch has no such child")
        node = _checked(child) if isinstance(child, list) else _take(remaining, child, is_root=False)


def _finish(value: Node, remaining: Iterator[bytes]) -> bytes:
    if not isinstance(value, bytes):
        raise ProofError(ProofReason.MALFORMED_NODE, "a value is a byte string")
    if value == b"":
        raise ProofError(ProofReason.ABSENT, "no value at the end of the path")
    if next(remaining, None) is not None:
        raise ProofError(ProofReason.UNUSED_NODE, "nodes after the value")
    return value


def _take(remaining: Iterator[bytes], expected_hash: bytes, *, is_root: bool) -> list[Node]:
    """The next listed node, which must hash to what its parent names."""
    encoded = next(remaining, None)
    if encoded is None:
        raise ProofError(ProofReason.TRUNCATED, "a node is missing")
    if len(expected_hash) != 32 or keccak(encoded) != expected_hash:
        raise ProofError(ProofReason.HASH_MISMATCH, f"no node hashes to 0x{expected_hash.hex()}")
    if len(encoded) < 32 and not is_root:
        raise ProofError(ProofReason.MALFORMED_NODE, "a node under 32 bytes must be inlined")
    return _checked(_decode(encoded))


def _checked(node: Node) -> list[Node]:
    if not isinstance(node, list) or len(node) not in (2, BRANCH_ITEMS):
        raise ProofError(ProofReason.MALFORMED_NODE, "a node has 2 or 17 items")
    return node


def _hex_prefix(encoded: Node) -> tuple[tuple[int, ...], bool]:
    """Nibbles of a leaf's or extension's path, and whether it is a leaf."""
    if not isinstance(encoded, bytes) or encoded == b"":
        raise ProofError(ProofReason.MALFORMED_NODE, "a path is a byte string")
    nibbles = _nibbles(encoded)
    flag = nibbles[0]
    is_leaf, is_odd = flag >= 2, flag % 2 == 1
    if flag > 3 or (not is_odd and nibbles[1] != 0) or (encoded == b"\x00"):
        raise ProofError(ProofReason.MALFORMED_NODE, "a path with impossible flags")
    return nibbles[1 if is_odd else 2 :], is_leaf


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _decode(encoded: bytes) -> Node:
    try:
        return cast("Node", rlp.decode(encoded))
    except (rlp.exceptions.RLPException, RecursionError) as error:
        raise ProofError(ProofReason.MALFORMED_NODE, f"not canonical RLP: {error}") from error
