import pytest
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from bridge.attributes import FEES, GAS_LIMIT, TIMEOUT_TIMESTAMP, Attributes, decode_attributes, encode_attributes
from bridge.errors import Reason, Rejected
from bridge.interoperable import decode_evm, encode_evm
from bridge.packets import Fees

ADDRESSES = st.binary(min_size=20, max_size=20).map(to_checksum_address)
CHAIN_IDS = st.integers(1, (1 << 64) - 1)
VITALIK = to_checksum_address("0xd8da6bf26964af9d7eed9e03e53415d37aa96045")
PAID = Fees(deliver=7, acknowledge=2, expire=3, refund_to=VITALIK)


def test_the_example_of_erc_7930():
    encoded = bytes.fromhex("00010000010114d8da6bf26964af9d7eed9e03e53415d37aa96045")
    assert encode_evm(1, VITALIK) == encoded
    assert decode_evm(encoded) == (1, VITALIK)


@given(CHAIN_IDS, ADDRESSES)
def test_what_is_encoded_decodes_to_itself(chain_id, address):
    assert decode_evm(encode_evm(chain_id, address)) == (chain_id, address)


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "0001",
        "00010000010114d8da6bf26964af9d7eed9e03e53415d37aa960",  # a byte short
        "00010000010114d8da6bf26964af9d7eed9e03e53415d37aa9604500",  # a byte long
        "0001000002000114d8da6bf26964af9d7eed9e03e53415d37aa96045",  # leading zero in the chain id
        "000100000014d8da6bf26964af9d7eed9e03e53415d37aa96045",  # no chain id
        "00010002010114d8da6bf26964af9d7eed9e03e53415d37aa96045",  # another chain type
        "00020000010114d8da6bf26964af9d7eed9e03e53415d37aa96045",  # another version
        "00010000010100",  # no address
    ],
)
def test_other_spellings_are_refused(encoded):
    with pytest.raises(Rejected) as refusal:
        decode_evm(bytes.fromhex(encoded))
    assert refusal.value.reason is Reason.NOT_CANONICAL


@given(st.binary(max_size=40))
def test_whatever_decodes_is_the_one_spelling(encoded):
    try:
        chain_id, address = decode_evm(encoded)
    except Rejected:
        return
    assert encode_evm(chain_id, address) == encoded


def test_chain_zero_names_no_chain():
    with pytest.raises(Rejected):
        encode_evm(0, VITALIK)


def test_attributes_are_encoded_as_calls():
    assert encode_attributes() == []
    assert encode_attributes(gas_limit=5, timeout_timestamp=6) == [
        GAS_LIMIT + (5).to_bytes(32, "big"),
        TIMEOUT_TIMESTAMP + (6).to_bytes(32, "big"),
    ]


def test_attributes_decode_to_what_was_given():
    for asked in ({}, {"gas_limit": 5, "timeout_timestamp": 6}, {"fees": PAID}, {"gas_limit": 1, "fees": PAID}):
        assert decode_attributes(encode_attributes(**asked)) == Attributes(**asked)


def test_fees_are_four_words_refunded_to_somebody():
    (attribute,) = encode_attributes(fees=PAID)
    assert attribute == FEES + b"".join(value.to_bytes(32, "big") for value in (7, 2, 3, int(VITALIK, 16)))
    with pytest.raises(Rejected) as refusal:
        encode_attributes(fees=Fees(deliver=1))
    assert refusal.value.reason is Reason.NOT_AN_ADDRESS
    for wrong in (attribute + bytes(32), attribute[:-1], attribute[:4] + b"\xff" * 128):
        with pytest.raises(Rejected) as refusal:
            decode_attributes([wrong])
        assert refusal.value.reason is Reason.NOT_CANONICAL


@pytest.mark.parametrize(
    "attributes", [[b"\1\2\3\4" + bytes(32)], [GAS_LIMIT + bytes(32), GAS_LIMIT + bytes(32)]], ids=["unknown", "twice"]
)
def test_unknown_and_repeated_attributes_are_refused(attributes):
    with pytest.raises(Rejected) as refusal:
        decode_attributes(attributes)
    assert refusal.value.reason is Reason.UNKNOWN_ATTRIBUTE
