"""A header and proofs of a live Besu network, accepted as they are."""

import pytest
import rlp
from eth_utils.crypto import keccak

from bridge.abi import abi_encode
from bridge.clients import CONSENSUS_STATE_TYPE, ConsensusState, consensus_state, encode_update
from bridge.light_clients import UpdateResult
from chains.clock import VirtualClock
from chains.errors import TransactionReverted
from chains.headers import SealedHeader
from chains.proofs import verify_trie
from tests.contracts.harness import RELAYER, client_arguments, deploy, new_chain

IBC_STORE = bytes.fromhex("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600")
"""Slot of the commitments mapping in the contract the vector was taken from."""


def lone_account(address, storage_root):
    """Root and nodes of a state trie that holds one account."""
    account = rlp.encode([b"\x01", b"", storage_root, keccak(b"")])
    leaf = rlp.encode([b"\x20" + keccak(address), account])
    return keccak(leaf), [leaf]


def raw(text):
    return bytes.fromhex(text[2:])


@pytest.fixture(scope="module")
def live(vector):
    return vector("besu-qbft-live.json")


@pytest.fixture
def client(live):
    clock = VirtualClock(live["updateHeight11"]["expectedTimestamp"])
    host = new_chain(clock)
    trusted = ConsensusState(
        block_hash=SealedHeader.decode(raw(live["updateHeight11"]["headerRlp"])).parent_hash,
        parent_hash=b"\x01" * 32,
        state_root=b"\x01" * 32,
        timestamp=live["initialTrustedTimestamp"],
    )
    header = SealedHeader.decode(raw(live["updateHeight11"]["headerRlp"]))
    arguments = client_arguments(
        header,
        chain_id=1337,
        height=live["initialTrustedHeight"],
        state=trusted.as_abi(),
        validators=live["initialTrustedValidators"],
        trusting_period=live["trustingPeriod"],
        drift=live["maxClockDrift"],
    )
    return host, deploy(host, "QbftLightClient", *arguments)


def test_the_header_of_a_live_network_is_accepted(live, client):
    host, contract = client
    update = live["updateHeight11"]
    header = SealedHeader.decode(raw(update["headerRlp"]))
    assert len(rlp.decode(header.sealed_rlp)) == 20
    trusted = [raw(address) for address in live["initialTrustedValidators"]]
    call = contract.functions.update(encode_update(header, trusted))
    assert host.call(call) == UpdateResult.UPDATED
    host.transact(call, RELAYER)
    assert host.call(contract.functions.latestHeight()) == update["height"]
    assert host.call(contract.functions.latestTimestamp()) == update["expectedTimestamp"]
    assert host.call(contract.functions.consensusHash(update["height"])) == consensus_state(header).digest


def test_two_of_its_seals_are_not_enough(live, client):
    host, contract = client
    header = SealedHeader.decode(raw(live["updateHeight11"]["headerRlp"]))
    trusted = [raw(address) for address in live["initialTrustedValidators"]]
    weak = header.with_seals(header.sorted_seals[:2])
    with pytest.raises(TransactionReverted, match=r"QuorumNotReached\(2, 3\)"):
        host.call(contract.functions.update(encode_update(weak, trusted)))


def test_a_storage_proof_of_a_live_network_is_accepted(live):
    """The vector's proof is of a height without a header, so the account above its storage root is made up here."""
    member = live["membership"]
    nodes = [rlp.encode(node) for node in rlp.decode(raw(member["proof"]))]
    slot = keccak(keccak(raw(member["path"])) + IBC_STORE)
    state_root, account_nodes = lone_account(raw(live["routerAddress"]), keccak(nodes[0]))
    state = ConsensusState(
        block_hash=b"\x01" * 32,
        parent_hash=b"\x01" * 32,
        state_root=state_root,
        timestamp=member["expectedTimestamp"],
    )
    host = new_chain(VirtualClock(member["expectedTimestamp"]))
    header = SealedHeader.decode(raw(live["updateHeight11"]["headerRlp"]))
    arguments = client_arguments(header, height=member["proofHeight"], state=state.as_abi())
    verify = deploy(host, "QbftLightClient", *arguments).functions.verifyStorage

    proof = abi_encode([CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"], [state.as_abi(), account_nodes, [nodes]])
    call = verify(member["proofHeight"], live["routerAddress"], [slot], [raw(member["value"])], proof)
    assert host.call(call) == member["expectedTimestamp"]
    other = verify(member["proofHeight"], live["routerAddress"], [slot], [b"\x01" * 32], proof)
    with pytest.raises(TransactionReverted, match="ValueMismatch"):
        host.call(other)


def test_its_account_proof_belongs_to_the_state_root_it_signed(live):
    header = SealedHeader.decode(raw(live["updateHeight11"]["headerRlp"]))
    nodes = [rlp.encode(node) for node in rlp.decode(raw(live["updateHeight11"]["accountProof"]))]
    account = verify_trie(header.state_root, keccak(raw(live["routerAddress"])), nodes)
    assert rlp.decode(account)[2] == raw(live["updateHeight11"]["expectedStorageRoot"])
