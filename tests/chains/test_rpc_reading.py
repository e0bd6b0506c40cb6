"""Headers in the forms nodes serve them, told apart by the one hash each can have."""

import pytest

from chains import DishonestNode, PlainHeader, Reason, SealedHeader, Variant, block_hash
from chains.keys import derive_key
from chains.rpc_objects import byte_string, header_object
from chains.rpc_reading import read_header


def test_a_header_of_a_live_besu_network(vector):
    """As Besu's own eth_getBlockByNumber gives it, put together from the header's recorded RLP."""
    recorded = vector("besu-qbft-live.json")["updateHeight11"]
    header = SealedHeader.decode(bytes.fromhex(recorded["headerRlp"][2:]))
    block = header_object(header)
    read = read_header(block)
    assert read == header
    assert read.variant is Variant.QBFT
    assert read.is_final
    assert len(read.fields) == 20
    assert [byte_string(validator) for validator in read.validators] == [
        validator.lower() for validator in recorded["expectedValidators"]
    ]
    with pytest.raises(DishonestNode) as caught:
        read_header({**block, "stateRoot": block["parentHash"]})
    assert caught.value.reason is Reason.FALSE_HEADER


@pytest.mark.parametrize("variant", Variant)
def test_either_of_besus_protocols(local, variant):
    mined = local.mine()
    header = SealedHeader.build(mined.fields, mined.extra, variant).sealed_by([derive_key("a"), derive_key("b")])
    read = read_header(header_object(header))
    assert (read, read.variant, read.signers) == (header, variant, header.signers)
    assert read.hash == block_hash(header.fields, header.extra, variant)


@pytest.mark.parametrize("extra_data", [b"", b"geth", bytes(32), bytes(32 + 65), bytes(32) + b"\x05" * 85])
def test_any_other_extra_data_is_hashed_as_it_is(local, extra_data):
    """Empty, a vanity, and Clique's, which is longer than others' and holds a seal of its own kind."""
    header = PlainHeader.read(local.mine().fields, extra_data)
    read = read_header(
        {**header_object(header), "extraData": byte_string(extra_data), "hash": byte_string(header.hash)}
    )
    assert isinstance(read, PlainHeader)
    assert read == header
    assert extra_data in header.sealed_rlp
    assert not read.is_final
    assert read.judged(is_final=True).is_final


def test_a_sealed_header_hashed_as_if_plain_has_no_validators(local):
    """A node may claim that a QBFT header is an ordinary one; its hash is then another, and it proves no seals."""
    sealed = local.mine()
    plain = PlainHeader.read(sealed.fields, sealed.extra.encode())
    assert plain.hash != sealed.hash
    read = read_header({**header_object(sealed), "hash": byte_string(plain.hash)})
    assert isinstance(read, PlainHeader)
    assert (read.validators, read.signers, read.is_final) == ((), (), False)


def test_seals_do_not_change_the_hash(local):
    header = local.mine()
    fewer = header.with_seals(header.seals[:1])
    assert read_header(header_object(fewer)).seals == header.seals[:1]
    assert read_header(header_object(fewer)).hash == header.hash


def test_a_header_that_names_no_validators_is_final_for_nobody(local):
    header = local.mine().altered(validators=[])
    assert header.signers == ()
    assert not header.is_final
    assert not read_header(header_object(header)).is_final


LATER = ["baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"]


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6])
def test_headers_of_earlier_forks_have_fewer_fields(local, count):
    fields = local.mine().fields
    header = PlainHeader.read(fields[: 15 + count], b"early")
    block = {**header_object(PlainHeader.read(fields, b"early")), "hash": byte_string(header.hash)}
    block = {name: value for name, value in block.items() if name not in LATER[count:]}
    assert read_header(block) == header
    for missing in LATER[: count - 1] or LATER[:1]:
        with pytest.raises(DishonestNode) as caught:
            read_header({**block, missing: None})
        assert caught.value.reason is Reason.MALFORMED_ANSWER


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logsBloom", "0x00"),
        ("miner", "0x00"),
        ("nonce", None),
        ("timestamp", 5),
        ("timestamp", "5"),
        ("stateRoot", "0xzz"),
    ],
)
def test_fields_of_the_wrong_shape(local, field, value):
    block = header_object(local.mine())
    assert read_header(block).number == 1
    with pytest.raises(DishonestNode) as caught:
        read_header({**block, field: value})
    assert caught.value.reason is Reason.MALFORMED_ANSWER
