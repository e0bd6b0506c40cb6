"""Only the one canonical encoding of a header is read; everything else gets an error with a name."""

import random

import pytest
import rlp
from eth_utils.crypto import keccak

from bridge.abi import abi_encode
from bridge.light_clients import UpdateResult
from chains.errors import TransactionReverted
from chains.headers import SealedHeader
from chains.keys import sign
from tests.contracts.following import follow, keys_of, raw_update

PARSE_ERRORS = {"MalformedHeader", "MalformedRlp", "MalformedValidators"}


@pytest.fixture(scope="module")
def followed():
    following = follow()
    return following, following.mine(), keys_of(following.source.validators)


def signed(header_rlp, keys, trusted):
    """An update with these bytes as its header, properly sealed: only the form can be wrong."""
    seals = {address: sign(keccak(header_rlp), key) for address, key in zip(sorted(trusted), keys, strict=True)}
    return raw_update(header_rlp, [seals[address] for address in sorted(seals)], trusted)


def fields_of(header):
    return rlp.decode(header.rlp_without_seals)


def reason(following, update):
    with pytest.raises(TransactionReverted) as caught:
        following.try_update(update)
    return caught.value.error_name


def test_the_header_it_reads_is_the_header_that_was_mined(followed):
    following, header, keys = followed
    assert following.try_update(signed(header.rlp_without_seals, keys, header.validators)) is UpdateResult.UPDATED
    assert len(fields_of(header)) == 21


def test_twenty_fields_as_besu_writes_them_are_read_too(followed):
    following, header, keys = followed
    fields = fields_of(header)[:20]
    assert following.try_update(signed(rlp.encode(fields), keys, header.validators)) is UpdateResult.UPDATED


@pytest.mark.parametrize("count", [0, 1, 12, 13, 15, 16, 17, 19, 22])
def test_other_numbers_of_fields_are_refused(followed, count):
    following, header, keys = followed
    fields = [*fields_of(header), bytes(32)][:count]
    assert reason(following, signed(rlp.encode(fields), keys, header.validators)) in PARSE_ERRORS


def extra_items(header):
    return rlp.decode(fields_of(header)[12])


def with_extra(header, items, tail=b""):
    fields = fields_of(header)
    fields[12] = rlp.encode(items) + tail
    return rlp.encode(fields)


EXTRA_CASES = {
    "no vanity": lambda items: [b"", *items[1:]],
    "short vanity": lambda items: [bytes(31), *items[1:]],
    "long vanity": lambda items: [bytes(33), *items[1:]],
    "no validators": lambda items: [items[0], [], *items[2:]],
    "short validator": lambda items: [items[0], [*items[1][:3], items[1][3][:19]], *items[2:]],
    "validator list flat": lambda items: [items[0], b"".join(items[1]), *items[2:]],
    "vote of one item": lambda items: [*items[:2], [bytes(20)], *items[3:]],
    "vote of one item in round 1": lambda items: [*items[:2], [bytes(20)], b"\x01", items[4]],
    "vote of three items": lambda items: [*items[:2], [bytes(20), b"\xff", b""], *items[3:]],
    "vote of unknown kind": lambda items: [*items[:2], [bytes(20), b"\x01"], *items[3:]],
    "vote for nobody": lambda items: [*items[:2], [bytes(19), b"\xff"], *items[3:]],
    "no vote": lambda items: [*items[:2], b"", *items[3:]],
    "round of five bytes": lambda items: [*items[:3], b"\x01" + bytes(4), items[4]],
    "round with a leading zero": lambda items: [*items[:3], b"\x00\x01", items[4]],
    "round zero as a byte": lambda items: [*items[:3], b"\x00", items[4]],
    "a seal": lambda items: [*items[:4], [bytes(65)]],
    "seals as a string": lambda items: [*items[:4], b""],
    "no seal list": lambda items: items[:4],
    "a sixth item": lambda items: [*items, b""],
}


@pytest.mark.parametrize("case", EXTRA_CASES)
def test_extra_data_has_one_form(followed, case):
    following, header, keys = followed
    update = signed(with_extra(header, EXTRA_CASES[case](extra_items(header))), keys, header.validators)
    assert reason(following, update) in PARSE_ERRORS


def test_extra_data_has_nothing_behind_its_list(followed):
    following, header, keys = followed
    for tail in (b"\x00", b"\x80", b"\xc0", bytes(32)):
        update = signed(with_extra(header, extra_items(header), tail), keys, header.validators)
        assert reason(following, update) in PARSE_ERRORS


@pytest.mark.parametrize("vote", [[bytes(range(20)), b"\xff"], [bytes(range(20)), b"\x00"], [bytes(range(20)), b""]])
def test_votes_are_read(followed, vote):
    following, header, keys = followed
    items = extra_items(header)
    update = signed(with_extra(header, [*items[:2], vote, *items[3:]]), keys, header.validators)
    assert following.try_update(update) is UpdateResult.UPDATED


@pytest.mark.parametrize("position", range(21))
def test_every_field_has_its_width_and_no_leading_zeros(followed, position):
    following, header, keys = followed
    value = fields_of(header)[position]
    wrong = [value + b"\x01", [value]] if len(value) in {8, 20, 32, 256} else [b"\x00", b"\x00" + value, b"\x01" * 33]
    for spoilt in wrong:
        fields = fields_of(header)
        fields[position] = spoilt
        assert reason(following, signed(rlp.encode(fields), keys, header.validators)) in PARSE_ERRORS


@pytest.mark.parametrize("position", [8, 11])
def test_number_and_time_fit_64_bits(followed, position):
    following, header, keys = followed
    fields = fields_of(header)
    fields[position] = b"\x01" + bytes(8)
    assert reason(following, signed(rlp.encode(fields), keys, header.validators)) in PARSE_ERRORS


def test_no_prefix_and_no_extension_of_a_header_is_a_header(followed):
    following, header, keys = followed
    encoded = header.rlp_without_seals
    for cut in [*range(60), *range(60, len(encoded), 29)]:
        assert reason(following, signed(encoded[:cut], keys, header.validators)) in PARSE_ERRORS
    for tail in (b"\x00", b"\x80", bytes(32)):
        assert reason(following, signed(encoded + tail, keys, header.validators)) in PARSE_ERRORS


def test_lengths_have_one_encoding(followed):
    following, header, keys = followed
    encoded = header.rlp_without_seals
    assert encoded[0] == 0xF9
    padded = b"\xfa\x00" + encoded[1:]
    assert reason(following, signed(padded, keys, header.validators)) in PARSE_ERRORS
    coinbase = encoded.index(b"\x94" + header.coinbase)
    long_form = encoded[:coinbase] + b"\xb8\x14" + encoded[coinbase + 1 :]
    long_form = b"\xf9" + (len(long_form) - 3).to_bytes(2, "big") + long_form[3:]
    assert reason(following, signed(long_form, keys, header.validators)) in PARSE_ERRORS


def test_a_header_with_its_seals_in_it_is_not_what_validators_sign(followed):
    following, header, keys = followed
    assert reason(following, signed(header.sealed_rlp, keys, header.validators)) in PARSE_ERRORS


def test_any_changed_byte_of_an_update_is_noticed(followed):
    following, header, _ = followed
    update = following.honest(header)
    assert following.try_update(update) is UpdateResult.UPDATED
    draw = random.Random(7)
    silent, unnamed = [], []
    for position in sorted(draw.sample(range(len(update)), 160)):
        changed = bytearray(update)
        changed[position] ^= 1 << draw.randrange(8)
        try:
            following.try_update(bytes(changed))
        except TransactionReverted as error:
            unnamed += [(position, error.error)] * (error.error_name == "Panic" or not error.output)
        else:
            silent.append(position)
    assert not unnamed
    # What is left is padding between the parts, which no hash covers and no meaning hangs on.
    assert all(update[position] == 0 for position in silent)
    assert len(silent) < 40


@pytest.mark.parametrize(
    "update",
    [
        b"",
        bytes(31),
        bytes(32),
        bytes(96),
        b"\xff" * 96,
        (2**255).to_bytes(32, "big") * 3,
        (2**256 - 32).to_bytes(32, "big") * 3,
        abi_encode(["bytes", "bytes[]", "address[]"], [b"", [], []]),
        abi_encode(["bytes", "bytes[]", "address[]"], [b"\xc0", [], []]),
        abi_encode(["uint256", "uint256", "uint256", "uint256"], [96, 96, 96, 2**255]),
    ],
)
def test_bytes_that_are_no_update_get_a_named_error(followed, update):
    following, _, _ = followed
    assert reason(following, update) in PARSE_ERRORS | {"MalformedEncoding"}


def test_offsets_and_counts_beyond_the_update_are_refused(followed):
    following, header, _ = followed
    update = following.honest(header)
    for word in range(3):
        for value in (len(update) - 31, len(update), 2**64, 2**256 - 1):
            changed = update[: 32 * word] + value.to_bytes(32, "big") + update[32 * word + 32 :]
            assert reason(following, changed) in {
                "MalformedEncoding",
                "MalformedRlp",
                "MalformedHeader",
                "WrongTrustedValidators",
            }
    seals = int.from_bytes(update[32:64], "big")
    for count in (2**32, 2**251, 2**256 - 1):
        changed = update[:seals] + count.to_bytes(32, "big") + update[seals + 32 :]
        assert reason(following, changed) == "MalformedEncoding"


def test_the_python_reader_agrees_on_the_hash(followed):
    _, header, _ = followed
    assert SealedHeader.decode(header.sealed_rlp).hash == header.hash
