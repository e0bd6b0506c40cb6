"""Packet ids: one per packet, the same in Python and Solidity, however the contract computes them."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.exceptions import ContractLogicError

from bridge.packets import PACKET_TYPE, Packet, Status, encode_packet, packet_id, receipt_hash
from chains.clock import VirtualClock
from tests.bridge.packet_strategies import ADDRESSES, PACKETS
from tests.contracts.harness import deploy, new_chain

PAYLOAD_OFFSET_AT = 4 + 32 + 15 * 32


@pytest.fixture(scope="module")
def probe():
    chain = new_chain(VirtualClock())
    contract = deploy(chain, "TestPackets")

    def call(name, *arguments):
        return chain.call(contract.functions[name](*arguments))

    def raw(data):
        return bytes(chain.w3.eth.call({"to": contract.address, "data": data}))

    return call, raw, contract


@given(packet=PACKETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_solidity_and_python_agree_on_encoding_and_id(probe, packet):
    call, _, _ = probe
    encoding, identifier = call("plain", packet.as_abi())
    assert encoding == encode_packet(packet)
    assert identifier == packet_id(packet) == keccak(encoding)
    assert call("inPlace", packet.as_abi()) == identifier


@given(packet=PACKETS, data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_contracts_id_is_injective_in_every_field(probe, packet, data):
    """Two packets that differ somewhere have different ids on chain, and equal ones the same."""
    call, _, _ = probe
    other = data.draw(PACKETS)
    names = [name for name in Packet.__slots__ if name != "version"]
    chosen = data.draw(st.sets(st.sampled_from(names)))
    mixed = replace(packet, **{name: getattr(other, name) for name in chosen})
    assert (call("inPlace", mixed.as_abi()) == call("inPlace", packet.as_abi())) is (mixed == packet)


@given(
    identifier=st.binary(min_size=32, max_size=32),
    status=st.sampled_from([Status.SUCCESS, Status.FAILURE, Status.EXPIRED]),
    ack=st.binary(max_size=300),
    payee=ADDRESSES,
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_solidity_and_python_agree_on_receipts(probe, identifier, status, ack, payee):
    call, _, _ = probe
    assert call("receipt", identifier, int(status), ack, payee) == receipt_hash(identifier, status, ack, payee)


PACKET = Packet(
    source_chain=1,
    source_mailbox=to_checksum_address("0x" + "a1" * 20),
    destination_chain=2,
    destination_mailbox=to_checksum_address("0x" + "b2" * 20),
    route_epoch=1,
    nonce=0,
    sender=to_checksum_address("0x" + "c3" * 20),
    recipient=to_checksum_address("0x" + "d4" * 20),
    timeout_timestamp=10**9,
    gas_limit=1,
    payload=b"forty-two bytes that end in the second word",
)


def calldata(contract, packet=PACKET):
    return bytearray.fromhex(contract.encode_abi("inPlace", [packet.as_abi()])[2:])


def test_a_payload_anywhere_else_is_refused(probe):
    """The same packet, its payload one word further on: an ABI decoder reads it as equal."""
    _, raw, contract = probe
    call = calldata(contract)
    assert raw(bytes(call)) == packet_id(PACKET)
    offset = int.from_bytes(call[PAYLOAD_OFFSET_AT : PAYLOAD_OFFSET_AT + 32], "big")
    call[PAYLOAD_OFFSET_AT : PAYLOAD_OFFSET_AT + 32] = (offset + 32).to_bytes(32, "big")
    start = 4 + 32 + offset
    call[start:start] = bytes(32)
    with pytest.raises(ContractLogicError):
        raw(bytes(call))


def test_bytes_behind_a_packet_change_nothing(probe):
    _, raw, contract = probe
    assert raw(bytes(calldata(contract)) + b"\xff" * 64) == packet_id(PACKET)


def test_a_dirty_padding_is_another_id(probe):
    """No packet has it, so nothing can be committed under it."""
    _, raw, contract = probe
    call = calldata(contract)
    call[-1] = 1
    assert raw(bytes(call)) != packet_id(PACKET)


def test_the_encoding_is_that_of_one_tuple():
    assert encode_packet(PACKET) == encode([PACKET_TYPE], [PACKET.as_abi()])
