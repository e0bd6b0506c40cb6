"""Readers and codecs against the deployed contracts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.attributes import encode_attributes
from bridge.clients import consensus_state, encode_proof, encode_update
from bridge.errors import Reason, Rejected
from bridge.interoperable import encode_evm
from bridge.packets import Answer, Status, commitment_slot, packet_id, receipt_hash, receipt_slot
from bridge.tracing import Stage, trace_packet
from chains import TransactionReverted, verify_account, verify_storage

SETTLEMENT, EAST, WEST = 100, 101, 102
WRONG_PATH = {"Absent", "HashMismatch", "RLPInvalidEncoding", "TrieProofTraversalError", "ValueMismatch"}
"""Where another slot's path leaves the proven one depends on the shape of the trie."""


@pytest.fixture(name="east", scope="module")
def _east(network):
    return network.recipient(EAST)


@pytest.fixture(name="home", scope="module")
def _home(network):
    return network.recipient(SETTLEMENT)


@settings(max_examples=15)
@given(payload=st.binary(max_size=300), gas_limit=st.integers(1, 1_000_000), seconds=st.integers(100, 172_000))
def test_the_contract_computes_the_same_id(network, east, home, payload, gas_limit, seconds):
    deadline = network.chains[EAST].head().timestamp + seconds
    sent = network.send(east, EAST, home.address, SETTLEMENT, payload, gas_limit=gas_limit, timeout_timestamp=deadline)
    assert sent.problem is None
    packet = sent.packet
    assert (packet.payload, packet.gas_limit, packet.timeout_timestamp) == (payload, gas_limit, deadline)
    assert (packet.sender, packet.recipient) == (east.address, home.address)
    assert packet_id(packet) == sent.packet_id == network.mailbox(EAST).commitment(sent.packet_id)
    word = network.chains[EAST].w3.eth.get_storage_at(packet.source_mailbox, commitment_slot(sent.packet_id))
    assert bytes(word) == sent.packet_id


def test_defaults_are_the_routes(network, east, home):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"")
    parameters = network.deployment.parameters
    assert sent.packet.gas_limit == parameters.max_gas_limit
    timestamp = network.chains[EAST].header(sent.block).timestamp
    assert sent.packet.timeout_timestamp == timestamp + parameters.max_timeout_seconds


def test_nonces_ascend_by_one(network, east, home):
    nonces = [network.send(east, EAST, home.address, SETTLEMENT, b"").nonce for _ in range(3)]
    assert nonces == list(range(nonces[0], nonces[0] + 3))


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"gas_limit": 1_000_001}, "GasLimitOutOfRange"),
        ({"timeout_timestamp": 5}, "TimeoutOutOfRange"),
        ({"timeout_timestamp": 1 << 60}, "TimeoutOutOfRange"),
    ],
)
def test_attributes_beyond_the_route_are_refused(network, east, home, attributes, error):
    with pytest.raises(TransactionReverted) as refusal:
        network.send(east, EAST, home.address, SETTLEMENT, b"", **attributes)
    assert refusal.value.error_name == error


def test_a_chain_without_a_route_is_refused(network, east, home):
    with pytest.raises(TransactionReverted) as refusal:
        network.send(east, EAST, home.address, WEST, b"")
    assert refusal.value.error_name == "UnknownRoute"


def test_a_second_spelling_of_a_recipient_is_refused(network, east, home):
    canonical = encode_evm(SETTLEMENT, home.address)
    padded = canonical[:4] + b"\2\0" + canonical[5:]
    call = east.functions.send(network.mailbox(EAST).address, padded, b"", encode_attributes())
    with pytest.raises(TransactionReverted) as refusal:
        network.chains[EAST].transact(call, network.user)
    assert refusal.value.error_name == "InvalidRecipient"


def proven(network, sent, height):
    chain = network.chains[EAST]
    return encode_proof(
        chain.header(height),
        chain.get_proof(network.mailbox(EAST).address, [commitment_slot(sent.packet_id)], height),
    )


def receive(network, packet, proof, chain_id=SETTLEMENT):
    call = network.mailbox(chain_id).contract.functions.receivePackets([packet.as_abi()], proof, network.user.address)
    return network.chains[chain_id].transact(call, network.user)


def test_the_whole_way_by_hand(network, east, home):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"by hand")
    trace = trace_packet(network.deployment, network.chains, sent.packet_id)
    assert (trace.stage, trace.status, trace.steps[0].block) == (Stage.FINALIZED, Status.NONE, sent.block)
    header = network.update(SETTLEMENT, EAST)
    receipt = receive(network, sent.packet, proven(network, sent, header.number))
    (answered,) = network.mailbox(SETTLEMENT).answered(receipt["blockNumber"], receipt["blockNumber"])
    assert (answered.packet_id, answered.status, answered.ack) == (sent.packet_id, Status.SUCCESS, b"")
    word = receipt_hash(sent.packet_id, Status.SUCCESS, b"", network.user.address)
    assert network.mailbox(SETTLEMENT).receipt(sent.packet_id) == word
    trace = trace_packet(network.deployment, network.chains, sent.packet_id)
    assert (trace.stage, trace.status, trace.steps[-1].block) == (
        Stage.DELIVERED,
        Status.SUCCESS,
        receipt["blockNumber"],
    )
    header = network.update(EAST, SETTLEMENT)
    proof = network.chains[SETTLEMENT].get_proof(
        network.mailbox(SETTLEMENT).address, [receipt_slot(sent.packet_id)], header.number
    )
    answer = Answer(packet=sent.packet, status=Status.SUCCESS, ack=b"", payee=network.user.address)
    lie = replace(answer, status=Status.FAILURE)
    acknowledge = network.mailbox(EAST).contract.functions.acknowledge
    with pytest.raises(TransactionReverted) as refusal:
        network.chains[EAST].transact(
            acknowledge([lie.as_abi()], encode_proof(header, proof), network.user.address), network.user
        )
    assert refusal.value.error_name == "ValueMismatch"
    network.chains[EAST].transact(
        acknowledge([answer.as_abi()], encode_proof(header, proof), network.user.address), network.user
    )
    trace = trace_packet(network.deployment, network.chains, sent.packet_id)
    assert (trace.stage, trace.status, trace.sender_told) == (Stage.ACKNOWLEDGED, Status.SUCCESS, True)


def test_an_unknown_packet_has_no_trace(network):
    with pytest.raises(Rejected) as refusal:
        trace_packet(network.deployment, network.chains, b"\7" * 32)
    assert refusal.value.reason is Reason.NO_SUCH_PACKET


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"destination_chain": WEST}, "WrongPacket"),
        ({"destination_mailbox": "0x" + "11" * 20}, "WrongPacket"),
        ({"source_mailbox": "0x" + "11" * 20}, "WrongPacket"),
        ({"source_chain": 999}, "UnknownRoute"),
        ({"route_epoch": 2}, "UnknownRoute"),
        ({"payload": b"other"}, ""),
        ({"nonce": 1_000}, ""),
    ],
)
def test_a_packet_that_was_not_sent_so_is_refused(network, east, home, change, error):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"genuine")
    header = network.update(SETTLEMENT, EAST)
    forged = replace(sent.packet, **change)
    with pytest.raises(TransactionReverted) as refusal:
        receive(network, forged, proven(network, sent, header.number))
    assert refusal.value.error_name in ({error} if error else WRONG_PATH)
    assert network.mailbox(SETTLEMENT).receipt(packet_id(forged)) == bytes(32)
    receive(network, sent.packet, proven(network, sent, header.number))


def test_a_packet_is_refused_by_another_chains_mailbox(network, east, home):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"genuine")
    header = network.update(SETTLEMENT, EAST)
    with pytest.raises(TransactionReverted) as refusal:
        receive(network, sent.packet, proven(network, sent, header.number), chain_id=WEST)
    assert refusal.value.error_name == "UnknownRoute"


def test_a_proof_at_a_height_the_client_does_not_know_is_refused(network, east, home):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"genuine")
    network.tick()
    head = network.chains[EAST].head().number
    with pytest.raises(TransactionReverted) as refusal:
        receive(network, sent.packet, proven(network, sent, head))
    assert refusal.value.error_name == "UnknownHeight"


def test_no_changed_byte_of_a_proof_passes(network, east, home):
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"genuine")
    header = network.update(SETTLEMENT, EAST)
    chain = network.chains[EAST]
    proof = chain.get_proof(network.mailbox(EAST).address, [commitment_slot(sent.packet_id)], header.number)
    verify_storage(verify_account(header.state_root, proof).storage_hash, proof.storage[0])
    (words,) = proof.storage
    for nodes in ("account_nodes", "storage"):
        spoiled = (
            replace(proof, account_nodes=(*proof.account_nodes[:-1], proof.account_nodes[-1][:-1] + b"\xff"))
            if nodes == "account_nodes"
            else replace(proof, storage=(replace(words, nodes=(*words.nodes[:-1], words.nodes[-1][:-1] + b"\xff")),))
        )
        with pytest.raises(TransactionReverted):
            receive(network, sent.packet, encode_proof(header, spoiled))
    truncated = replace(proof, storage=(replace(words, nodes=words.nodes[:-1]),))
    with pytest.raises(TransactionReverted):
        receive(network, sent.packet, encode_proof(header, truncated))
    assert network.mailbox(SETTLEMENT).receipt(sent.packet_id) == bytes(32)
    receive(network, sent.packet, encode_proof(header, proof))


def test_the_client_keeps_the_digest_of_the_state(network):
    header = network.update(SETTLEMENT, EAST)
    client = network.chains[SETTLEMENT].contract("QbftLightClient", network.deployment.settlement.clients[EAST])
    assert client.functions.consensusHash(header.number).call() == consensus_state(header).digest


def test_an_update_by_other_trusted_validators_is_refused(network):
    network.tick()
    header = network.chains[EAST].finalized_header()
    client = network.chains[SETTLEMENT].contract("QbftLightClient", network.deployment.settlement.clients[EAST])
    others = network.chains[WEST].head().validators
    with pytest.raises(TransactionReverted) as refusal:
        network.chains[SETTLEMENT].transact(client.functions.update(encode_update(header, others)), network.user)
    assert refusal.value.error_name == "WrongTrustedValidators"
