"""What a light client believes about storage: presence, proven to the last byte, and nothing else."""

import random
from dataclasses import replace

import pytest
import rlp
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_encode, mapping_slot
from bridge.clients import CONSENSUS_STATE_TYPE, ConsensusState, consensus_state, encode_client_proof
from chains.errors import TransactionReverted
from contracts import storage_slot
from tests.contracts.following import follow, keys_of
from tests.contracts.harness import NOT_PROVEN, OWNER, RELAYER, TRADER, TRUSTING_PERIOD, ZERO, deploy, refused

BALANCES = [5, 2**96, 0x80, 0x7F, 2**255 + 1, *range(1000, 1030)]


def holder(index):
    return to_checksum_address(keccak(index.to_bytes(4, "big"))[:20])


def slot_of(index):
    key = bytes(12) + bytes.fromhex(holder(index)[2:])
    return mapping_slot(key, storage_slot("TestToken", "_balances"))


class Proven:
    """A token on the followed chain whose balances are proven to the client."""

    def __init__(self, twin=None):
        self.following = follow(twin=twin)
        source = self.following.source
        self.token = deploy(source, "TestToken", "Dollar", "USD", 6)
        for index, balance in enumerate(BALANCES[:5] if twin else BALANCES):
            source.transact(self.token.functions.mint(holder(index), balance), OWNER)
        self.header = self.following.mine()
        self.following.update(self.following.honest(self.header))

    def account_proof(self, *indices):
        return self.following.source.get_proof(
            self.token.address, [slot_of(index) for index in indices], self.header.number
        )

    def call(self, slots, values, proof, *, height=None, account=None):
        blob = proof if isinstance(proof, bytes) else encode_client_proof(self.header, proof)
        return self.following.client.functions.verifyStorage(
            self.header.number if height is None else height,
            account or self.token.address,
            [slot.to_bytes(32, "big") for slot in slots],
            [value.to_bytes(32, "big") for value in values],
            blob,
        )

    def ask(self, *args, **kwargs):
        return self.following.host.call(self.call(*args, **kwargs), block="pending")

    def error(self, *args, **kwargs):
        with pytest.raises(TransactionReverted) as caught:
            self.ask(*args, **kwargs)
        return caught.value.error_name


@pytest.fixture(scope="module")
def proven():
    return Proven()


def values_of(proof):
    return [entry.value for entry in proof.storage]


def slots_of(proof):
    return [entry.slot for entry in proof.storage]


def test_words_are_proven_together_under_one_account_proof(proven):
    proof = proven.account_proof(*range(len(BALANCES)))
    assert proven.ask(slots_of(proof), values_of(proof), proof) == proven.header.timestamp
    assert {len(entry.nodes) for entry in proof.storage} > {1} or len(proof.storage[0].nodes) > 1


def test_another_value_is_refused(proven):
    proof = proven.account_proof(0, 1)
    slots, (first, second) = slots_of(proof), values_of(proof)
    for claim in ([first, second + 1], [second, first], [first << 8, second], [first, 2**256 - 1]):
        assert proven.error(slots, claim, proof) == "ValueMismatch"


def test_the_twin_that_ignores_values_believes_any():
    twin = Proven("client-any-value")
    proof = twin.account_proof(0)
    assert twin.ask(slots_of(proof), [10**30], proof) == twin.header.timestamp


def test_zero_is_never_proven(proven):
    proof = proven.account_proof(0)
    assert proven.error(slots_of(proof), [0], proof) == "ZeroValue"
    absent = proven.account_proof(10_000)
    assert values_of(absent) == [0]
    assert proven.error(slots_of(absent), [0], absent) == "ZeroValue"
    assert proven.error(slots_of(absent), [1], absent) in NOT_PROVEN


def test_one_proof_and_one_value_for_each_slot(proven):
    proof = proven.account_proof(0, 1)
    slots, values = slots_of(proof), values_of(proof)
    assert proven.error(slots, values[:1], proof) == "LengthMismatch"
    assert proven.error(slots[:1], values, proof) == "LengthMismatch"
    assert proven.error(slots[:1], values[:1], proof) == "LengthMismatch"
    assert proven.error(slots, values, replace(proof, storage=proof.storage[:1])) == "LengthMismatch"
    assert proven.error([], [], replace(proof, storage=())) == "LengthMismatch"


def test_a_height_that_was_never_stored(proven):
    proof = proven.account_proof(0)
    for height in (0, proven.header.number - 1, proven.header.number + 1, 2**64 - 1):
        assert proven.error(slots_of(proof), values_of(proof), proof, height=height) == "UnknownHeight"


def forge_state(proven):
    """A state root of one's own under the height of an honest header."""
    slot, value = 7, 10**18
    storage_leaf = rlp.encode([b"\x20" + keccak(slot.to_bytes(32, "big")), rlp.encode(value)])
    account = rlp.encode([b"\x01", b"", keccak(storage_leaf), keccak(b"")])
    state_leaf = rlp.encode([b"\x20" + keccak(to_canonical_address(proven.token.address)), account])
    state = replace(consensus_state(proven.header), state_root=keccak(state_leaf))
    blob = abi_encode([CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"], [state.as_abi(), [state_leaf], [[storage_leaf]]])
    return [slot], [value], blob


def test_a_state_root_is_believed_only_from_a_header(proven):
    assert proven.error(*forge_state(proven)) == "UnknownHeight"
    twin = Proven("client-unbound-state")
    assert twin.ask(*forge_state(twin)) == twin.header.timestamp


@pytest.mark.parametrize("field", ["block_hash", "parent_hash", "state_root", "timestamp"])
def test_every_field_of_the_state_is_bound(proven, field):
    proof = proven.account_proof(0)
    state = consensus_state(proven.header)
    other = proven.header.timestamp + 1 if field == "timestamp" else b"\x01" * 32
    changed: ConsensusState = replace(state, **{field: other})
    blob = abi_encode(
        [CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"],
        [changed.as_abi(), list(proof.account_nodes), [list(proof.storage[0].nodes)]],
    )
    assert proven.error(slots_of(proof), values_of(proof), blob) == "UnknownHeight"


def test_another_account_is_another_account(proven):
    proof = proven.account_proof(0)
    for account in (TRADER.address, ZERO, holder(0)):
        assert proven.error(slots_of(proof), values_of(proof), proof, account=account) in NOT_PROVEN


def spoilt_lists(nodes):
    """Every truncation, repetition, reordering and padding of a list of nodes."""
    nodes = list(nodes)
    for length in range(len(nodes)):
        yield nodes[:length]
        yield nodes[length + 1 :]
    yield [*nodes, b""]
    yield [*nodes, nodes[-1]]
    yield [nodes[0], *nodes]
    yield [*nodes, b"\xc0"]
    if len(nodes) > 1:
        yield nodes[::-1]
        yield [nodes[-1], *nodes[1:]]
    yield [*nodes[:-1], nodes[-1] + b"\x00"]
    yield [b"", *nodes]


def test_no_other_list_of_nodes_proves_it(proven):
    proof = proven.account_proof(0)
    slots, values = slots_of(proof), values_of(proof)
    for nodes in spoilt_lists(proof.storage[0].nodes):
        spoilt = replace(proof, storage=(replace(proof.storage[0], nodes=tuple(nodes)),))
        assert proven.error(slots, values, spoilt) in NOT_PROVEN
    for nodes in spoilt_lists(proof.account_nodes):
        assert proven.error(slots, values, replace(proof, account_nodes=tuple(nodes))) in NOT_PROVEN


def test_any_flipped_bit_of_a_node_is_noticed(proven):
    proof = proven.account_proof(1)
    slots, values = slots_of(proof), values_of(proof)
    draw = random.Random(11)
    for nodes, rebuild in (
        (proof.account_nodes, lambda nodes: replace(proof, account_nodes=tuple(nodes))),
        (
            proof.storage[0].nodes,
            lambda nodes: replace(proof, storage=(replace(proof.storage[0], nodes=tuple(nodes)),)),
        ),
    ):
        for index, node in enumerate(nodes):
            for _ in range(12):
                changed = bytearray(node)
                changed[draw.randrange(len(node))] ^= 1 << draw.randrange(8)
                spoilt = [*nodes[:index], bytes(changed), *nodes[index + 1 :]]
                assert proven.error(slots, values, rebuild(spoilt)) in NOT_PROVEN


def test_a_proof_of_one_slot_does_not_prove_another(proven):
    proof = proven.account_proof(0, 1)
    swapped = replace(proof, storage=proof.storage[::-1])
    assert proven.error(slots_of(proof), values_of(proof), swapped) in {*NOT_PROVEN, "ValueMismatch"}


@pytest.mark.parametrize("blob", [b"", bytes(128), bytes(191), bytes(192), b"\xff" * 400])
def test_bytes_that_are_no_proof(proven, blob):
    assert proven.error([1], [1], blob) == "UnknownHeight"


def test_offsets_beyond_the_proof_are_refused(proven):
    proof = encode_client_proof(proven.header, proven.account_proof(0))
    for word in (4, 5):
        for value in (len(proof), 2**64, 2**256 - 1):
            changed = proof[: 32 * word] + value.to_bytes(32, "big") + proof[32 * word + 32 :]
            assert proven.error([slot_of(0)], [5], changed) == "MalformedEncoding"
    for cut in range(192, len(proof), 97):
        assert proven.error([slot_of(0)], [5], proof[:cut]) in NOT_PROVEN


def test_an_expired_client_proves_nothing():
    proven = Proven()
    proof = proven.account_proof(0)
    call = proven.call(slots_of(proof), values_of(proof), proof)
    following = proven.following
    following.clock.advance(proven.header.timestamp + TRUSTING_PERIOD - following.clock.now())
    refused(following.host, call, "ClientNotActive(1)")


def test_a_frozen_client_proves_nothing():
    proven = Proven()
    proof = proven.account_proof(0)
    call = proven.call(slots_of(proof), values_of(proof), proof)
    following = proven.following
    assert following.host.call(call) == proven.header.timestamp
    forged = proven.header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    following.host.transact(following.call(following.honest(forged)), RELAYER)
    refused(following.host, call, "ClientNotActive(2)")
