"""ABI encoding as the protocol wants it: one encoding per value, anything else refused."""

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_typing import ChecksumAddress
from eth_utils.address import is_checksum_address, to_checksum_address
from eth_utils.crypto import keccak

from bridge.errors import Reason, Rejected

ZERO_ADDRESS: ChecksumAddress = to_checksum_address("0x" + "00" * 20)


def abi_encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """`abi.encode(values)`; raises `Rejected(OUT_OF_RANGE)` for a value that does not fit its type."""
    try:
        return encode(types, values)
    except EncodingError as error:
        raise Rejected(Reason.OUT_OF_RANGE, str(error)) from error


def abi_decode(types: Sequence[str], encoded: bytes) -> tuple[Any, ...]:
    """Values of a canonical encoding; raises `Rejected(NOT_CANONICAL)` unless they encode to the same bytes."""
    try:
        values = decode(types, encoded)
    except (DecodingError, OverflowError, ValueError) as error:
        raise Rejected(Reason.NOT_CANONICAL, str(error)) from error
    if encode(types, values) != encoded:
        raise Rejected(Reason.NOT_CANONICAL, "the bytes are not the encoding of what they say")
    return values


def hash_words(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """`keccak256(abi.encode(values))`."""
    return keccak(abi_encode(types, values))


def mapping_slot(key: bytes, position: int) -> int:
    """Storage slot of `mapping(bytes32 => ...)` at `position` under a 32-byte `key`."""
    return int.from_bytes(keccak(key + position.to_bytes(32, "big")), "big")


def require_address(address: str) -> ChecksumAddress:
    """The address, if in checksum form, the only spelling that compares; else `Rejected(NOT_AN_ADDRESS)`."""
    if not is_checksum_address(address):
        raise Rejected(Reason.NOT_AN_ADDRESS, repr(address))
    return to_checksum_address(address)


def require_uint(value: int, bits: int, name: str) -> None:
    """Raise `Rejected(OUT_OF_RANGE)` unless `value` is an integer of at most `bits` bits."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise Rejected(Reason.OUT_OF_RANGE, f"{name} is not a uint{bits}: {value!r}")
