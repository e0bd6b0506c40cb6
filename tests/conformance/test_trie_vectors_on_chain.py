"""Official tries and proofs, through the verifier on chain and the one off chain."""

import pytest
from eth_utils.crypto import keccak

from chains.clock import VirtualClock
from chains.proofs import verify_trie
from tests.contracts.harness import deploy, new_chain
from tests.contracts.tries import build, encode_nodes, listed, nodes_of


@pytest.fixture(scope="module")
def prover():
    chain = new_chain(VirtualClock())
    functions = deploy(chain, "TestTrie").functions
    return lambda root, key, nodes: bytes(chain.call(functions.find(root, key, encode_nodes(nodes)))[0])


def raw(text):
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def test_recorded_proofs_verify(prover, vector):
    cases = vector("trie-proofs-valid.json")["cases"]
    assert len(cases) >= 10
    for case in cases:
        root, key, value = raw(case["root"]), raw(case["key"]), raw(case["value"])
        # These list the nodes that are inlined in their parent once more, which proofs here never do.
        nodes = listed([raw(node) for node in case["proof"]])
        assert prover(root, key, nodes) == value == verify_trie(root, key, nodes), case["name"]


def test_official_secure_tries_have_their_roots_and_every_entry_is_proven(prover, vector):
    cases = vector("ethereum-tests", "trietest_secureTrie.json")
    assert cases
    proven = 0
    for name, case in cases.items():
        table = {}
        for key, value in case["in"] if isinstance(case["in"], list) else case["in"].items():
            table.pop(key, None)
            if value is not None:
                table[key] = value
        trie = build({keccak(raw(key)): raw(value) for key, value in table.items()})
        assert trie.root_hash == raw(case["root"]), name
        for key, value in table.items():
            hashed = keccak(raw(key))
            nodes = nodes_of(trie, hashed)
            assert prover(trie.root_hash, hashed, nodes) == raw(value), name
            assert verify_trie(trie.root_hash, hashed, nodes) == raw(value), name
            proven += 1
    assert proven >= len(cases)
