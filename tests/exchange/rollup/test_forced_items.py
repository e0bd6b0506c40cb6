"""Items are encoded as `ForcedQueue` hashes them, and nothing else decodes."""

from dataclasses import replace

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import ForcedItem
from exchange.rollup import MalformedItem, decode_item, encode_item, item_hash
from exchange.state.hashing import keccak256

ITEMS = st.builds(
    ForcedItem,
    kind=st.integers(0, 255),
    account=st.integers(0, 2**32 - 1),
    owner=st.binary(min_size=20, max_size=20),
    asset=st.integers(0, 2**16 - 1),
    amount=st.integers(0, 2**128 - 1),
    packet_id=st.binary(min_size=32, max_size=32),
    enqueued_at=st.integers(0, 2**64 - 1),
)
ITEM = ForcedItem(kind=1, account=2, owner=b"\x03" * 20, asset=4, amount=5, packet_id=b"\x06" * 32, enqueued_at=7)


@given(ITEMS)
def test_items_are_their_abi_encoding_and_round_trip(item):
    encoded = encode_item(item)
    assert encoded == encode(
        ["(uint8,uint32,address,uint16,uint128,bytes32,uint64)"],
        [(item.kind, item.account, item.owner, item.asset, item.amount, item.packet_id, item.enqueued_at)],
    )
    assert decode_item(encoded) == item
    assert item_hash(item) == keccak256(encoded)


@given(st.binary(max_size=300) | st.binary(min_size=224, max_size=224))
def test_arbitrary_bytes_are_an_item_or_a_typed_error(raw):
    try:
        item = decode_item(raw)
    except MalformedItem:
        return
    assert encode_item(item) == raw


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 256},
        {"account": -1},
        {"owner": b"\x03" * 19},
        {"asset": 1 << 16},
        {"amount": 1 << 128},
        {"packet_id": b""},
        {"enqueued_at": 1 << 64},
    ],
    ids=str,
)
def test_fields_that_do_not_fit_are_refused(change):
    with pytest.raises(MalformedItem):
        encode_item(replace(ITEM, **change))


@pytest.mark.parametrize("at", [30, 32, 64, 96 + 29, 128, 192 + 23])
def test_bytes_above_a_field_are_refused(at):
    encoded = bytearray(encode_item(ITEM))
    encoded[at] = 1
    with pytest.raises(MalformedItem, match="is not a number of"):
        decode_item(bytes(encoded))
