"""ERC-7930 interoperable addresses, version 1, for EVM chains (`eip155`)."""

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.abi import require_address, require_uint
from bridge.errors import Reason, Rejected

_PREFIX = b"\x00\x01\x00\x00"  # version 1, chain type eip155
_ADDRESS_BYTES = 20


def encode_evm(chain_id: int, address: ChecksumAddress) -> bytes:
    """`version ‖ chain type ‖ length ‖ chain id ‖ length ‖ address`, the chain id in as few bytes as hold it."""
    require_uint(chain_id, 64, "chain_id")
    if chain_id == 0:
        raise Rejected(Reason.OUT_OF_RANGE, "chain id 0 names no chain")
    reference = chain_id.to_bytes((chain_id.bit_length() + 7) // 8, "big")
    raw = bytes.fromhex(require_address(address)[2:])
    return _PREFIX + bytes([len(reference)]) + reference + bytes([_ADDRESS_BYTES]) + raw


def decode_evm(encoded: bytes) -> tuple[int, ChecksumAddress]:
    """Chain id and address; raises `Rejected(NOT_CANONICAL)` for anything `encode_evm` does not write."""
    length = encoded[4] if len(encoded) > len(_PREFIX) else 0
    reference = encoded[5 : 5 + length]
    address = encoded[6 + length :]
    canonical = (
        encoded[:4] == _PREFIX
        and 1 <= length <= 8
        and len(reference) == length
        and reference[0] != 0
        and encoded[5 + length : 6 + length] == bytes([_ADDRESS_BYTES])
        and len(address) == _ADDRESS_BYTES
    )
    if not canonical:
        raise Rejected(Reason.NOT_CANONICAL, f"not an eip155 address: {encoded.hex()}")
    return int.from_bytes(reference, "big"), to_checksum_address(address)
