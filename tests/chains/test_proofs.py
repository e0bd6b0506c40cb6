import random

import pytest
import rlp
from eth_hash.auto import keccak
from trie import HexaryTrie

from chains import AccountProof, ProofError, ProofReason, StorageProof, verify_account, verify_storage, verify_trie
from chains.evm import Evm

SHAPES = {
    "one leaf": {b"\x12\x34": b"v" * 40},
    "one leaf under 32 bytes": {b"\x12\x34": b"v"},
    "extension at the root": {b"\xab\xcd\x01": b"a" * 40, b"\xab\xcd\x91": b"b" * 40},
    "inlined leaves": {bytes([i, 0]): b"x" for i in range(16)},
    "inlined branch below extension": {b"\x11\x11\x10": b"p", b"\x11\x11\x20": b"q", b"\x99\x00\x00": b"r" * 40},
    "value on a branch": {b"\x12": b"short" * 9, b"\x12\x34": b"long" * 9, b"\x12\x56": b"other" * 9},
    "odd and even paths": {b"\x10\x00": b"a" * 33, b"\x11\x00": b"b" * 33, b"\x11\x01": b"c" * 33},
    "hundred hashed keys": {keccak(bytes([i])): bytes([i + 1]) * (1 + i % 40) for i in range(100)},
}


def build(content):
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    for key, value in content.items():
        trie[key] = value
    return Evm(nodes, 1), trie.root_hash


def random_content(source: random.Random) -> dict[bytes, bytes]:
    length, prefix = source.choice([1, 2, 3, 32]), source.randbytes(source.choice([0, 1, 4]))
    return {
        prefix + source.randbytes(length): source.randbytes(source.choice([1, 5, 31, 32, 60]))
        for _ in range(source.randint(1, 30))
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_every_key_of_every_shape_is_proven(shape):
    evm, root = build(SHAPES[shape])
    for key, value in SHAPES[shape].items():
        assert verify_trie(root, key, evm.prove(root, key)) == value


@pytest.mark.parametrize("seed", range(30))
def test_random_tries_are_proven_and_strangers_are_not(seed):
    source = random.Random(seed)
    content = random_content(source)
    evm, root = build(content)
    for key, value in content.items():
        assert verify_trie(root, key, evm.prove(root, key)) == value
    length = len(next(iter(content)))
    for stranger in {source.randbytes(length) for _ in range(20)} - set(content):
        with pytest.raises(ProofError, match="Absent"):
            verify_trie(root, stranger, evm.prove(root, stranger))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_bit_of_a_proof_is_free(shape):
    evm, root = build(SHAPES[shape])
    key = next(iter(SHAPES[shape]))
    nodes = evm.prove(root, key)
    for depth, node in enumerate(nodes):
        for bit in range(len(node) * 8):
            flipped = bytearray(node)
            flipped[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ProofError):
                verify_trie(root, key, [*nodes[:depth], bytes(flipped), *nodes[depth + 1 :]])


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_can_be_left_out_added_or_swapped(shape):
    evm, root = build(SHAPES[shape])
    key = next(iter(SHAPES[shape]))
    nodes = list(evm.prove(root, key))
    refused = [nodes[:length] for length in range(len(nodes))]
    refused += [[*nodes[:at], junk, *nodes[at:]] for at in range(len(nodes) + 1) for junk in (b"", b"\x80", nodes[0])]
    refused += [[*nodes[:at], nodes[at + 1], nodes[at], *nodes[at + 2 :]] for at in range(len(nodes) - 1)]
    for proof in refused:
        with pytest.raises(ProofError) as caught:
            verify_trie(root, key, proof)
        assert caught.value.proof_reason in {
            ProofReason.TRUNCATED, ProofReason.HASH_MISMATCH, ProofReason.UNUSED_NODE,
        }  # fmt: skip


def test_reasons_are_told_apart():
    evm, root = build(SHAPES["hundred hashed keys"])
    key, other = keccak(b"\x00"), keccak(b"\x63")
    nodes = evm.prove(root, key)
    cases = {
        ProofReason.TRUNCATED: (root, key, nodes[:-1]),
        ProofReason.UNUSED_NODE: (root, key, [*nodes, b"\x80"]),
        ProofReason.HASH_MISMATCH: (bytes(32), key, nodes),
        ProofReason.ABSENT: (root, keccak(b"stranger"), evm.prove(root, keccak(b"stranger"))),
    }
    for reason, (case_root, case_key, case_nodes) in cases.items():
        with pytest.raises(ProofError) as caught:
            verify_trie(case_root, case_key, case_nodes)
        assert caught.value.proof_reason is reason
    assert verify_trie(root, other, evm.prove(root, other)) == bytes([100]) * 20


def test_a_leaf_proves_its_own_key_only():
    root, node = hashed([b"\x20\x12", b"value"])
    assert verify_trie(root, b"\x12", [node]) == b"value"
    for other in (b"\x12\x34", b"\x13", b""):
        with pytest.raises(ProofError) as caught:
            verify_trie(root, other, [node])
        assert caught.value.proof_reason is ProofReason.ABSENT


def hashed(node: object) -> tuple[bytes, bytes]:
    encoded = rlp.encode(node)
    return keccak(encoded), encoded


@pytest.mark.parametrize(
    "node",
    [
        b"not a list at all, though long enough",
        [b"\x20\x12"],
        [b"\x20\x12", b"value", b"extra"],
        [b"", b"a leaf without a path and flags, long enough"],
        [b"\x40\x12", b"a leaf with an impossible flag, long enough"],
        [b"\x2f\x12", b"an even path whose padding is not zero......."],
        [b"\x00", b"e" * 32],
        [b"\x20\x12", [b"a value that is a list, which no trie holds"]],
    ],
)
def test_malformed_nodes_are_refused_even_when_they_hash_right(node):
    root, encoded = hashed(node)
    with pytest.raises(ProofError) as caught:
        verify_trie(root, b"\x12", [encoded])
    assert caught.value.proof_reason is ProofReason.MALFORMED_NODE
    good_root, good = hashed([b"\x20\x12", b"value"])
    assert verify_trie(good_root, b"\x12", [good]) == b"value"


def test_a_node_under_32_bytes_must_be_inlined_not_listed():
    small_root, small = hashed([b"\x35", b"v"])
    branch: list[object] = [b""] * 17
    branch[1] = small_root
    root, encoded = hashed(branch)
    with pytest.raises(ProofError) as caught:
        verify_trie(root, b"\x15", [encoded, small])
    assert caught.value.proof_reason is ProofReason.MALFORMED_NODE
    branch[1], branch[2] = [b"\x35", b"v"], b"h" * 32
    root, encoded = hashed(branch)
    assert verify_trie(root, b"\x15", [encoded]) == b"v"


@pytest.mark.parametrize("trailing", [b"\x00", b"\x80"])
def test_trailing_bytes_in_a_node_are_refused(trailing):
    _, encoded = hashed([b"\x20\x12", b"value"])
    with pytest.raises(ProofError) as caught:
        verify_trie(keccak(encoded + trailing), b"\x12", [encoded + trailing])
    assert caught.value.proof_reason is ProofReason.MALFORMED_NODE


def test_a_storage_word_must_be_the_claimed_one_and_canonical():
    def proven(value: bytes) -> tuple[bytes, bytes]:
        return hashed([b"\x20" + keccak(bytes(32)), value])

    root, node = proven(rlp.encode(b"\x07"))
    assert verify_storage(root, StorageProof(slot=0, value=7, nodes=(node,))) == 7
    with pytest.raises(ProofError, match="WrongValue"):
        verify_storage(root, StorageProof(slot=0, value=8, nodes=(node,)))
    for value in (b"\x00\x07", b"", b"\x01" * 33):
        root, node = proven(rlp.encode(value))
        with pytest.raises(ProofError):
            verify_storage(root, StorageProof(slot=0, value=int.from_bytes(value, "big"), nodes=(node,)))


def test_an_account_must_be_the_claimed_one():
    address, fields = bytes(20), [b"\x01", b"\x02", b"s" * 32, b"c" * 32]
    root, node = hashed([b"\x20" + keccak(address), rlp.encode(fields)])
    proof = AccountProof(
        address=address,
        account_nodes=(node,),
        storage_hash=b"s" * 32,
        storage=(),
        nonce=1,
        balance=2,
        code_hash=b"c" * 32,
    )
    assert verify_account(root, proof).storage_hash == b"s" * 32
    for change in ({"nonce": 2}, {"balance": 3}, {"storage_hash": b"t" * 32}, {"code_hash": b"d" * 32}):
        arguments = {name: getattr(proof, name) for name in AccountProof.__slots__} | change
        with pytest.raises(ProofError, match="WrongValue"):
            verify_account(root, AccountProof(**arguments))
