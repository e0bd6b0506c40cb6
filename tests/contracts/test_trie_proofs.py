"""Trie proofs on chain against OpenZeppelin's, py-trie's and ours off chain: every shape, flipped bit and cut."""

import random

import pytest
import rlp
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from bridge.abi import abi_encode
from chains.clock import VirtualClock
from chains.errors import ProofError, TransactionReverted
from chains.proofs import verify_trie
from tests.contracts.harness import deploy, new_chain
from tests.contracts.tries import (
    DEEP_KEYS,
    LONG_KEYS,
    SHAPES,
    build,
    encode_lists,
    encode_nodes,
    entries,
    hash_keys,
    nodes_of,
)

REFUSALS = {"Absent", "HashMismatch", "MalformedNode", "Truncated", "UnusedNode"}


class Prover:
    """A `TestTrie` on a chain of its own."""

    def __init__(self, twin=None):
        self.chain = new_chain(VirtualClock())
        self.contract = deploy(self.chain, "TestTrie", twin=twin)
        self.functions = self.contract.functions

    def find(self, root, key, nodes):
        return bytes(self.find_with_gas(root, key, nodes)[0])

    def find_with_gas(self, root, key, nodes):
        return self.chain.call(self.functions.find(root, key, encode_nodes(nodes)))

    def find_with_open_zeppelin(self, root, key, nodes):
        return self.chain.call(self.functions.findWithOpenZeppelin(root, key, encode_nodes(nodes)))

    def find_all(self, root, keys, lists):
        return [bytes(value) for value in self.find_all_with_gas(root, keys, lists)[0]]

    def find_all_with_gas(self, root, keys, lists):
        return self.chain.call(self.functions.findAll(root, keys, encode_lists(lists)))

    def find_all_as_given(self, root, keys, lists):
        proofs = abi_encode(["bytes[][]"], [[list(nodes) for nodes in lists]])
        return [bytes(value) for value in self.chain.call(self.functions.findAll(root, keys, proofs))[0]]

    def refusal(self, root, key, nodes):
        with pytest.raises(TransactionReverted) as caught:
            self.find(root, key, nodes)
        return caught.value.error_name


@pytest.fixture(scope="module")
def prover():
    return Prover()


# Every shape, against three other verifiers


@pytest.mark.parametrize("shape", SHAPES)
def test_every_key_of_every_trie_is_proven_as_by_the_others_and_for_less(prover, shape):
    @settings(max_examples=25)
    @given(entries(SHAPES[shape]))
    def check(table):
        trie = build(table)
        for key in list(table)[:4]:
            nodes = nodes_of(trie, key)
            ours, gas = prover.find_with_gas(trie.root_hash, key, nodes)
            theirs, their_gas = prover.find_with_open_zeppelin(trie.root_hash, key, nodes)
            assert ours == theirs == table[key] == verify_trie(trie.root_hash, key, nodes)
            assert HexaryTrie.get_from_proof(trie.root_hash, key, trie.get_proof(key)) == ours
            assert gas < their_gas

    check()


@pytest.mark.parametrize("shape", SHAPES)
def test_no_key_that_is_not_there_is_proven(prover, shape):
    @settings(max_examples=25)
    @given(entries(SHAPES[shape]), st.data())
    def check(table, more):
        trie = build(table)
        keys = set(more.draw(SHAPES[shape])) | {key[:-1] for key in table} | {key + b"\x00" for key in table}
        for key in [key for key in sorted(keys) if key and key not in table and len(key) <= 32][:4]:
            nodes = nodes_of(trie, key)
            assert prover.refusal(trie.root_hash, key, nodes) in REFUSALS
            with pytest.raises(ProofError):
                verify_trie(trie.root_hash, key, nodes)

    check()


@pytest.mark.parametrize("keys", [DEEP_KEYS, LONG_KEYS], ids=["deep", "like hashes"])
def test_many_keys_share_the_nodes_they_have_in_common(prover, keys):
    @settings(max_examples=25)
    @given(keys, st.randoms(use_true_random=False))
    def check(keys, draw):
        # Values differ, so that equal nodes stand at one place.
        table = {key: bytes([index + 1]) * draw.choice([1, 5, 32]) for index, key in enumerate(keys)}
        trie = build(table)
        asked = [draw.choice(keys) for _ in range(2 * len(keys))]
        proofs = [nodes_of(trie, key) for key in asked]
        assert prover.find_all(trie.root_hash, asked, proofs) == [table[key] for key in asked]
        if any(len(nodes) > 1 for nodes in proofs[1:]):
            with pytest.raises(TransactionReverted) as caught:
                prover.find_all_as_given(trie.root_hash, asked, proofs)
            assert caught.value.error_name in REFUSALS

    check()


def test_a_key_as_deep_as_keys_can_be():
    """Two keys that part in each of 64 nibbles: 64 branches, all of them listed."""
    keys = [bytes(32)]
    for nibble in range(64):
        key = bytearray(32)
        key[nibble // 2] = 0x10 if nibble % 2 == 0 else 0x01
        keys.append(bytes(key))
    table = dict.fromkeys(keys, b"\x44" * 32)
    trie = build(table)
    nodes = nodes_of(trie, keys[0])
    assert len(nodes) == 65
    assert Prover().find(trie.root_hash, keys[0], nodes) == table[keys[0]]
    with pytest.raises(TransactionReverted):
        Prover("trie-depth-bound").find(trie.root_hash, keys[0], nodes)


# Gas, which is deterministic


def test_gas_of_a_proof_and_of_each_in_a_batch(prover):
    measured = {}
    for size in (1, 50, 2_000):
        keys = hash_keys(size)
        trie = build({key: rlp.encode(keccak(key)) for key in keys})
        nodes = nodes_of(trie, keys[0])
        ours, gas = prover.find_with_gas(trie.root_hash, keys[0], nodes)
        theirs, their_gas = prover.find_with_open_zeppelin(trie.root_hash, keys[0], nodes)
        assert ours == theirs
        batch = sorted(keys)[:50]
        _, batch_gas = prover.find_all_with_gas(trie.root_hash, batch, [nodes_of(trie, key) for key in batch])
        measured[size] = (gas, their_gas, batch_gas // len(batch))
    assert {size: their_gas // gas for size, (gas, their_gas, _) in measured.items()} == {1: 2, 50: 5, 2_000: 6}
    assert all(gas <= bound for (gas, _, _), bound in zip(measured.values(), (4_000, 11_000, 15_000), strict=True))
    assert all(each < 9_000 for _, _, each in measured.values())


# What must not be believed


def sample_tries():
    """Small tries with an inlined leaf, an extension, a branch value, a short root; and one with two levels."""
    yield "single leaf", {b"\x12\x34": b"\x05"}, b"\x12\x34"
    yield (
        "inlined leaves under an extension",
        {b"\x11\x10": b"\x01", b"\x11\x1f": b"\x02", b"\x11\x21": b"\x80"},
        b"\x11\x10",
    )
    yield "value in a branch", {b"\x11": b"\x07" * 33, b"\x11\x20": b"\x08", b"\x12\x00": b"\x09"}, b"\x11"
    yield "two levels", {key: rlp.encode(key) for key in hash_keys(3)}, hash_keys(3)[1]


SAMPLES = {name: (table, key) for name, table, key in sample_tries()}


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_flipped_bit_of_a_proof_proves_anything_else(prover, sample):
    table, key = SAMPLES[sample]
    trie = build(table)
    nodes = nodes_of(trie, key)
    proof = encode_nodes(nodes)
    call = bytes.fromhex(prover.contract.encode_abi("find", [trie.root_hash, key, proof])[2:])
    flipper = deploy(prover.chain, "TestFlipper")
    begin = call.index(proof)
    survivors = []
    for first in range(8 * begin, 8 * (begin + len(proof)), 1_024):
        end = min(first + 1_024, 8 * (begin + len(proof)))
        bits, outputs = prover.chain.call(flipper.functions.survivors(prover.contract.address, call, first, end, 1))
        for bit, output in zip(bits, outputs, strict=True):
            value, _ = prover.chain.w3.codec.decode(["bytes", "uint256"], output)
            assert value == table[key]
            survivors.append(bit // 8 - begin)
    covered = {at for node in nodes for at in range(proof.index(node), proof.index(node) + len(node))}
    assert not covered & set(survivors), "a bit of a node made no difference"
    padding = set(range(len(proof))) - covered - {at for at in range(len(proof)) if proof[at]}
    assert set(survivors) <= padding, "only the encoding's padding is nobody's business"


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_cut_of_a_proof_reads_as_anything(prover, sample):
    table, key = SAMPLES[sample]
    trie = build(table)
    nodes = nodes_of(trie, key)
    for length in range(len(nodes)):
        assert prover.refusal(trie.root_hash, key, nodes[:length]) == "Truncated"
    for index, node in enumerate(nodes):
        for length in range(len(node)):
            cut = (*nodes[:index], node[:length], *nodes[index + 1 :])
            assert prover.refusal(trie.root_hash, key, cut) == "HashMismatch"
    # What follows the last node is padding.
    proof = encode_nodes(nodes)
    whole = len(proof) - -len(nodes[-1]) % 32
    assert proof[:whole].endswith(nodes[-1])
    for length in range(whole):
        with pytest.raises(TransactionReverted) as caught:
            prover.chain.call(prover.functions.find(trie.root_hash, key, proof[:length]))
        assert caught.value.error_name in REFUSALS | {"MalformedEncoding"}
    assert prover.chain.call(prover.functions.find(trie.root_hash, key, proof[:whole]))[0] == table[key]


def test_the_twin_that_takes_a_cut_proof_for_absence():
    table, key = SAMPLES["two levels"]
    trie = build(table)
    nodes = nodes_of(trie, key)
    twin = Prover("trie-truncated-is-absent")
    assert twin.find(trie.root_hash, key, nodes) == table[key]
    assert twin.find(trie.root_hash, key, nodes[:1]) == b""
    assert twin.find(trie.root_hash, key, ()) == b""


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_node_is_junk(prover, sample):
    table, key = SAMPLES[sample]
    trie = build(table)
    nodes = nodes_of(trie, key)
    for junk in (b"", b"\xc0", b"\x80", nodes[-1], nodes[0], b"\xff" * 40):
        assert prover.refusal(trie.root_hash, key, (*nodes, junk)) == "UnusedNode"
        assert prover.refusal(trie.root_hash, key, (junk, *nodes)) in {"HashMismatch", "UnusedNode"}
    for node in trie.get_proof(key)[len(nodes) :]:
        assert prover.refusal(trie.root_hash, key, (*nodes, rlp.encode(node))) == "UnusedNode"


def test_the_twin_that_takes_any_number_of_forms():
    table, key = SAMPLES["single leaf"]
    trie = build(table)
    nodes = nodes_of(trie, key)
    assert Prover("trie-junk-nodes").find(trie.root_hash, key, (*nodes, b"junk")) == table[key]


def test_a_node_that_no_hash_binds(prover):
    table, key = SAMPLES["two levels"]
    trie = build(table)
    root, *_ = nodes = nodes_of(trie, key)
    loot = b"\x99" * 20
    forged_leaf = rlp.encode([bytes([0x30 | key[0] & 15]) + key[1:], loot])
    assert len(nodes) == 2
    assert prover.refusal(trie.root_hash, key, (root, forged_leaf)) == "HashMismatch"
    assert Prover("trie-unbound-node").find(trie.root_hash, key, (root, forged_leaf)) == loot


# Structure is checked as if its root were not honest


def leaf(path, value):
    return [path, value]


def branch(children=None, value=b""):
    items = [b""] * 16 + [value]
    for index, child in (children or {}).items():
        items[index] = child
    return items


KEY = b"\x12\x34"
WELL_FORMED = leaf(b"\x20" + KEY, b"value")
LONG_LEAF = rlp.encode(leaf(b"\x20" + KEY, b"v" * 65))
MALFORMED = {
    "empty list": b"\xc0",
    "one item": rlp.encode([b"\x20" + KEY]),
    "three items": rlp.encode([b"\x20" + KEY, b"value", b""]),
    "16 items": rlp.encode(branch()[:16]),
    "18 items": rlp.encode([*branch({1: leaf(b"\x32\x34", b"v")}), b""]),
    "a string": rlp.encode(b"\x20" + KEY + b"value" * 10),
    "a path with a flag too high": rlp.encode(leaf(b"\x40" + KEY, b"value")),
    "an even path with a nibble too many": rlp.encode(leaf(b"\x21" + KEY, b"value")),
    "an extension of no nibbles": rlp.encode([b"\x00", branch({1: leaf(b"\x32\x34", b"v")})]),
    "a path that is a list": rlp.encode([[b"\x20" + KEY], b"value"]),
    "a path of 34 bytes": rlp.encode(leaf(b"\x20" + KEY + bytes(31), b"value")),
    "a value that is a list": rlp.encode(leaf(b"\x20" + KEY, [b"value"])),
    "a branch value that is a list": rlp.encode([*branch({1: leaf(b"\x32\x34", b"v")})[:16], [b"value"]]),
    "a child of 31 bytes that is a string": rlp.encode(branch({1: b"\xaa" * 31})),
    "a child of 33 bytes that is a string": rlp.encode(branch({1: b"\xaa" * 33})),
    "another child of one byte": rlp.encode(branch({1: leaf(b"\x32\x34", b"v"), 9: b"\x01"})),
    "an empty list for a child": rlp.encode(branch({1: []})),
    "an inlined child of 32 bytes": rlp.encode(branch({1: leaf(b"\x32\x34", b"v" * 27)})),
    "an extension to a string": rlp.encode([b"\x11", b"\xaa" * 31]),
    "bytes after the list": rlp.encode(WELL_FORMED) + b"\x00",
    "a list that claims more": bytes([0xC0 + len(rlp.encode(WELL_FORMED)[1:]) + 1]) + rlp.encode(WELL_FORMED)[1:],
    "a length of one byte too many": b"\xf8" + bytes([len(rlp.encode(WELL_FORMED)) - 1]) + rlp.encode(WELL_FORMED)[1:],
    "a length with a leading zero": b"\xf9\x00" + LONG_LEAF[1:],
    "a value length with a leading zero": b"\xf8\x3f\x83\x20\x12\x34\xb9\x00\x38" + b"v" * 56,
    "a value of 55 bytes in the long form": b"\xf8\x3d\x83\x20\x12\x34\xb8\x37" + b"v" * 55,
    "a small value behind a prefix": b"\xc6\x83\x20\x12\x34\x81\x05",
    "a path of one byte behind a prefix": b"\xc4\x81\x11\x81\x05",
    "a length of four bytes": b"\xfb\x00\x00\x00" + LONG_LEAF[1:],
}  # fmt: skip


def test_the_same_node_well_formed_is_believed(prover):
    node = rlp.encode(WELL_FORMED)
    assert prover.find(keccak(node), KEY, [node]) == b"value"
    assert prover.find(keccak(LONG_LEAF), KEY, [LONG_LEAF]) == b"v" * 65
    inlined = rlp.encode(branch({1: leaf(b"\x32\x34", b"v" * 26)}))
    assert prover.find(keccak(inlined), KEY, [inlined]) == b"v" * 26


@pytest.mark.parametrize("form", MALFORMED)
def test_a_malformed_node_proves_nothing(prover, form):
    node = MALFORMED[form]
    assert prover.refusal(keccak(node), KEY, [node]) == "MalformedNode"


@pytest.mark.parametrize(
    "node",
    [leaf(b"\x31\x23\x4f", b"value"), leaf(b"\x3f", b"value"), [b"\x11", b""], branch(), leaf(b"\x20" + KEY, b"")],
    ids=["longer path", "other path", "extension to nothing", "empty branch", "empty value"],
)
def test_a_node_without_the_key_proves_nothing(prover, node):
    assert prover.refusal(keccak(rlp.encode(node)), KEY, [rlp.encode(node)]) == "Absent"


def test_a_value_is_never_a_node(prover):
    """A value that is another node, or its hash, does not lead on to what that node holds."""
    loot = rlp.encode(leaf(b"\x20" + KEY, b"loot" * 10))
    for value in (keccak(loot), loot):
        node = rlp.encode(leaf(b"\x20" + KEY, value))
        assert prover.find(keccak(node), KEY, [node]) == value
        assert prover.refusal(keccak(node), KEY, [node, loot]) == "UnusedNode"
        inner = rlp.encode(branch(value=value))
        assert prover.refusal(keccak(inner), KEY, [inner, loot]) == "Absent"
    pair = keccak(loot) + keccak(loot)
    assert prover.refusal(keccak(pair), KEY, [pair, loot]) == "MalformedNode"


def test_a_listed_node_that_should_have_been_inlined(prover):
    child = rlp.encode(leaf(b"\x32\x34", b"v"))
    node = rlp.encode(branch({1: keccak(child)}))
    assert prover.refusal(keccak(node), KEY, [node, child]) == "MalformedNode"


def test_a_full_branch_is_read_like_any_other(prover):
    """17 items of 529 bytes that are not 16 hashes and nothing: the short cut must not be taken."""
    child = rlp.encode(leaf(b"\x32\x34", b"v" * 60))
    hashes = {index: keccak(bytes([index])) for index in range(16)} | {1: keccak(child)}
    full = rlp.encode(branch(hashes))
    assert len(full) == 532
    assert prover.find(keccak(full), KEY, [full, child]) == b"v" * 60
    del hashes[0]
    other = rlp.encode(branch(hashes, value=b"\x01" * 32))
    assert len(other) == 532
    assert prover.find(keccak(other), KEY, [other, child]) == b"v" * 60
    for position in range(16):
        spoilt = bytearray(full)
        spoilt[3 + 33 * position] = 0x9F
        assert prover.refusal(keccak(bytes(spoilt)), KEY, [bytes(spoilt), child]) == "MalformedNode"


# Shared paths


def twins_of_one_leaf():
    """Two keys whose leaves have the same path below another branch, and a key that is not there but would fit."""
    first, second, missing = b"\x10" + bytes(31), b"\x20" + bytes(31), b"\x30" + bytes(31)
    return build({first: b"\x01" * 32, second: b"\x02" * 32}), first, second, missing


def test_a_node_is_shared_only_at_its_own_place(prover):
    trie, first, second, missing = twins_of_one_leaf()
    proofs = [nodes_of(trie, first), nodes_of(trie, second)]
    assert prover.find_all(trie.root_hash, [first, second], proofs) == [b"\x01" * 32, b"\x02" * 32]
    for key in (second, missing):
        with pytest.raises(TransactionReverted) as caught:
            prover.find_all_as_given(trie.root_hash, [first, key], [proofs[0], ()])
        assert caught.value.error_name in {"Truncated", "Absent"}
    with pytest.raises(TransactionReverted) as caught:
        prover.find_all_as_given(trie.root_hash, [first, second], [proofs[0], proofs[0][1:]])
    assert caught.value.error_name == "HashMismatch"


def test_the_twin_that_shares_blindly_gives_one_key_the_value_of_another():
    trie, first, second, missing = twins_of_one_leaf()
    twin = Prover("trie-shares-blindly")
    for key in (second, missing):
        given = [nodes_of(trie, first), ()]
        assert twin.find_all_as_given(trie.root_hash, [first, key], given) == [b"\x01" * 32] * 2


def test_one_key_twice_needs_its_nodes_once(prover):
    trie, first, second, _ = twins_of_one_leaf()
    nodes = nodes_of(trie, first)
    asked = [first, first, second, first]
    lists = [nodes, (), nodes_of(trie, second)[1:], nodes[1:]]
    assert prover.find_all_as_given(trie.root_hash, asked, lists) == [b"\x01" * 32] * 2 + [b"\x02" * 32, b"\x01" * 32]
    with pytest.raises(TransactionReverted) as caught:
        prover.find_all_as_given(trie.root_hash, [first, first], [nodes, nodes[1:]])
    assert caught.value.error_name == "UnusedNode"


def test_random_lists_of_true_nodes_prove_only_what_is_there(prover):
    """Nodes of one trie in any order and number: whatever is accepted is the trie's own value."""
    draw = random.Random(3)
    keys = hash_keys(12)
    table = {key: rlp.encode(keccak(key)) for key in keys}
    trie = build(table)
    pool = sorted({node for key in keys for node in nodes_of(trie, key)})
    accepted, refusals = 0, set()
    for _ in range(300):
        asked = draw.sample(keys, 2)
        lists = [list(nodes_of(trie, asked[0])), draw.sample(pool, draw.randint(0, 2))]
        try:
            values = prover.find_all_as_given(trie.root_hash, asked, lists)
        except TransactionReverted as refusal:
            refusals.add(refusal.error_name)
        else:
            accepted += 1
            assert values == [table[key] for key in asked]
    assert accepted
    assert refusals <= REFUSALS
