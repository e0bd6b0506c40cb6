"""Official RLP encodings, through the strict reader that every proof off chain goes through."""

import pytest
import rlp

from chains.proofs import ProofError, _decode


@pytest.fixture(scope="module")
def cases(vector):
    found = vector("ethereum-tests", "rlptest.json")
    assert len(found) > 20
    return [(item(case["in"]), bytes.fromhex(case["out"][2:])) for case in found.values()]


def item(value):
    """Vectors write byte strings as text, integers as numbers or, if large, as text after a #."""
    if isinstance(value, list):
        return [item(each) for each in value]
    if isinstance(value, str) and not value.startswith("#"):
        return value.encode("latin-1")
    number = int(value[1:]) if isinstance(value, str) else value
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def test_official_encodings_are_read_and_written(cases):
    for value, encoded in cases:
        assert _decode(encoded) == value
        assert rlp.encode(value) == encoded


def test_no_official_encoding_is_read_with_a_byte_more_or_less(cases):
    for _, encoded in cases:
        for broken in (encoded[:-1], encoded + b"\x00", encoded + b"\x80"):
            with pytest.raises(ProofError):
                _decode(broken)


@pytest.mark.parametrize(
    "encoded",
    ["8100", "817f", "b800", "b80180", "b837" + "61" * 55, "b90038" + "61" * 56, "f800", "f801c0", "f90001c0"],
)
def test_longer_forms_of_a_shorter_encoding_are_refused(encoded):
    with pytest.raises(ProofError):
        _decode(bytes.fromhex(encoded))
