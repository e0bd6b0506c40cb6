"""Merkle-Patricia proofs and roots from elsewhere."""

import pytest
from eth_hash.auto import keccak
from trie import HexaryTrie

from chains import ProofError, verify_trie
from chains.evm import Evm


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.fixture(scope="module")
def cases(vector):
    return vector("trie-proofs-valid.json")["cases"]


def listed(case):
    """Its nodes without those that are inlined in their parent, which a strict proof does not repeat."""
    nodes = list(map(unhex, case["proof"]))
    return [node for depth, node in enumerate(nodes) if depth == 0 or len(node) >= 32]


def test_valid_proofs_verify(cases):
    assert len(cases) >= 10
    for case in cases:
        found = verify_trie(unhex(case["root"]), unhex(case["key"]), listed(case))
        assert found == unhex(case["value"]), case["name"]


def test_repeating_an_inlined_node_is_refused(cases):
    repeated = [case for case in cases if len(listed(case)) < len(case["proof"])]
    assert repeated
    for case in repeated:
        with pytest.raises(ProofError):
            verify_trie(unhex(case["root"]), unhex(case["key"]), list(map(unhex, case["proof"])))


def test_no_bit_of_a_valid_proof_is_free(cases):
    for case in cases:
        root, key, nodes = unhex(case["root"]), unhex(case["key"]), listed(case)
        for depth, node in enumerate(nodes):
            for bit in range(len(node) * 8):
                flipped = bytearray(node)
                flipped[bit // 8] ^= 1 << bit % 8
                with pytest.raises(ProofError):
                    verify_trie(root, key, [*nodes[:depth], bytes(flipped), *nodes[depth + 1 :]])
        for refused in (nodes[:-1], [*nodes, nodes[-1]], [*nodes, b"\x80"], []):
            with pytest.raises(ProofError):
                verify_trie(root, key, refused)
        with pytest.raises(ProofError):
            verify_trie(keccak(root), key, nodes)


def test_official_secure_tries_have_their_roots_and_prove_their_keys(vector):
    tries = vector("ethereum-tests", "trietest_secureTrie.json")
    assert tries
    for name, case in tries.items():
        nodes: dict[bytes, bytes] = {}
        trie = HexaryTrie(nodes)
        content: dict[bytes, bytes] = {}
        pairs = case["in"].items() if isinstance(case["in"], dict) else case["in"]
        for key, value in pairs:
            hashed = keccak(plain(key))
            if value is None:
                content.pop(hashed, None)
                trie.delete(hashed)
            else:
                content[hashed] = trie[hashed] = plain(value)
        assert trie.root_hash == unhex(case["root"]), name
        evm = Evm(nodes, 1)
        for key, value in content.items():
            assert verify_trie(trie.root_hash, key, evm.prove(trie.root_hash, key)) == value, name


def plain(text: str) -> bytes:
    return unhex(text) if text.startswith("0x") else text.encode()
