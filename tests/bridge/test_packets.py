import contextlib
from dataclasses import fields, replace

import pytest
from eth_abi import encode
from eth_utils import keccak, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Reason, Rejected
from bridge.packets import (
    PACKET_TYPE,
    Answer,
    Fees,
    Packet,
    Status,
    commitment_slot,
    decode_packet,
    encode_packet,
    packet_id,
    receipt_hash,
    receipt_slot,
)
from contracts import storage_slot
from tests.bridge.packet_strategies import PACKETS

OTHER_ADDRESS = to_checksum_address("0x" + "ee" * 20)


@given(PACKETS)
def test_what_is_encoded_decodes_to_itself(packet):
    assert decode_packet(encode_packet(packet)) == packet


@given(PACKETS, PACKETS)
def test_distinct_packets_have_distinct_encodings_and_ids(one, other):
    assert (encode_packet(one) == encode_packet(other)) is (one == other)
    assert (packet_id(one) == packet_id(other)) is (one == other)


@pytest.mark.parametrize("name", [field.name for field in fields(Packet) if field.name != "version"])
def test_every_field_is_bound_by_the_id(packet, name):
    value = getattr(packet, name)
    changed = {
        int: lambda: value + 1,
        str: lambda: OTHER_ADDRESS,
        bytes: lambda: value + b"\0",
        Fees: lambda: replace(value, refund_to=OTHER_ADDRESS),
    }[type(value)]()
    assert packet_id(replace(packet, **{name: changed})) != packet_id(packet)


@pytest.mark.parametrize("share", ["deliver", "acknowledge", "expire"])
def test_every_fee_is_bound_by_the_id(packet, share):
    assert packet_id(replace(packet, fees=replace(packet.fees, **{share: 1}))) != packet_id(packet)


def test_what_travels_along_covers_either_outcome():
    assert Fees().escrow == 0
    assert Fees(deliver=7, acknowledge=1, expire=3).escrow == 8
    assert Fees(deliver=3, acknowledge=1, expire=7).escrow == 8


@given(PACKETS, st.binary(min_size=1, max_size=64))
def test_trailing_bytes_are_refused(packet, trailing):
    with pytest.raises(Rejected) as refusal:
        decode_packet(encode_packet(packet) + trailing)
    assert refusal.value.reason is Reason.NOT_CANONICAL


@given(PACKETS, st.data())
def test_no_changed_bit_decodes_to_the_same_packet(packet, data):
    encoded = bytearray(encode_packet(packet))
    bit = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(Rejected):
        assert decode_packet(bytes(encoded)) != packet


def test_padding_after_the_payload_must_be_zero(packet):
    encoded = bytearray(encode_packet(packet))
    encoded[-1] = 1
    with pytest.raises(Rejected) as refusal:
        decode_packet(bytes(encoded))
    assert refusal.value.reason is Reason.NOT_CANONICAL


def test_padding_before_an_address_must_be_zero(packet):
    encoded = bytearray(encode_packet(packet))
    encoded[32 + 2 * 32] = 1  # the word of sourceMailbox, after the offset word
    with pytest.raises(Rejected) as refusal:
        decode_packet(bytes(encoded))
    assert refusal.value.reason is Reason.NOT_CANONICAL


def test_a_moved_payload_is_refused(packet):
    encoded = bytearray(encode_packet(packet))
    offset_at = 32 + 15 * 32
    offset = int.from_bytes(encoded[offset_at : offset_at + 32], "big")
    encoded[offset_at : offset_at + 32] = (offset + 32).to_bytes(32, "big")
    moved = bytes(encoded[: 32 + offset]) + bytes(32) + bytes(encoded[32 + offset :])
    with pytest.raises(Rejected) as refusal:
        decode_packet(moved)
    assert refusal.value.reason is Reason.NOT_CANONICAL


@given(st.binary(max_size=600))
def test_arbitrary_bytes_are_refused_with_a_reason(junk):
    with pytest.raises(Rejected):
        decode_packet(junk)


def test_another_version_is_refused(packet):
    values = (2, *packet.as_abi()[1:])
    with pytest.raises(Rejected) as refusal:
        decode_packet(encode([PACKET_TYPE], [values]))
    assert refusal.value.reason is Reason.UNKNOWN_VERSION


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("nonce", 1 << 64, Reason.OUT_OF_RANGE),
        ("nonce", -1, Reason.OUT_OF_RANGE),
        ("nonce", True, Reason.OUT_OF_RANGE),
        ("gas_limit", 1.0, Reason.OUT_OF_RANGE),
        ("route_epoch", 1 << 32, Reason.OUT_OF_RANGE),
        ("sender", "0x" + "aB" * 20, Reason.NOT_AN_ADDRESS),
        ("recipient", b"\x11" * 20, Reason.NOT_AN_ADDRESS),
    ],
)
def test_fields_outside_their_type_are_refused(packet, name, value, reason):
    with pytest.raises(Rejected) as refusal:
        replace(packet, **{name: value})
    assert refusal.value.reason is reason


def test_the_encoding_begins_with_the_offset_word(packet):
    assert encode_packet(packet)[:32] == (32).to_bytes(32, "big")


def test_receipt_hash_is_the_documented_formula(packet):
    identifier = packet_id(packet)
    domain = keccak(b"clearspan.receipt.v1")
    words = ["bytes32", "bytes32", "uint8", "bytes32", "address"]
    expected = keccak(encode(words, [domain, identifier, 2, keccak(b"no"), OTHER_ADDRESS]))
    assert receipt_hash(identifier, Status.FAILURE, b"no", OTHER_ADDRESS) == expected


def test_receipt_hash_binds_every_part(packet):
    identifier = packet_id(packet)
    base = receipt_hash(identifier, Status.SUCCESS, b"", OTHER_ADDRESS)
    others = [
        receipt_hash(bytes(32), Status.SUCCESS, b"", OTHER_ADDRESS),
        receipt_hash(identifier, Status.EXPIRED, b"", OTHER_ADDRESS),
        receipt_hash(identifier, Status.SUCCESS, b"\0", OTHER_ADDRESS),
        receipt_hash(identifier, Status.SUCCESS, b"", packet.sender),
    ]
    assert len({base, *others}) == 5


def test_slots_are_those_of_the_mappings(packet):
    identifier = packet_id(packet)
    for slot, variable in ((commitment_slot, "commitments"), (receipt_slot, "receipts")):
        position = storage_slot("Mailbox", variable).to_bytes(32, "big")
        assert slot(identifier) == int.from_bytes(keccak(identifier + position), "big")
    assert commitment_slot(identifier) != receipt_slot(identifier)


def test_an_answer_has_a_status(packet):
    Answer(packet=packet, status=Status.SUCCESS, ack=b"", payee=OTHER_ADDRESS)
    with pytest.raises(Rejected) as refusal:
        Answer(packet=packet, status=Status.NONE, ack=b"", payee=OTHER_ADDRESS)
    assert refusal.value.reason is Reason.UNKNOWN_STATUS
