"""ERC-7786 attributes the mailbox knows: gas for the recipient's call and the deadline."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from bridge.abi import abi_decode, abi_encode
from bridge.errors import Reason, Rejected

GAS_LIMIT = keccak(b"gasLimit(uint64)")[:4]
TIMEOUT_TIMESTAMP = keccak(b"timeoutTimestamp(uint64)")[:4]


def encode_attributes(*, gas_limit: int | None = None, timeout_timestamp: int | None = None) -> list[bytes]:
    """The attributes that are given, in this order; the route's defaults apply to the others."""
    given = ((GAS_LIMIT, gas_limit), (TIMEOUT_TIMESTAMP, timeout_timestamp))
    return [selector + abi_encode(["uint64"], [value]) for selector, value in given if value is not None]


def decode_attributes(attributes: Sequence[bytes]) -> dict[bytes, int]:
    """Value by selector; raises `Rejected(UNKNOWN_ATTRIBUTE)` for one the mailbox does not know or that comes twice."""
    values: dict[bytes, int] = {}
    for attribute in attributes:
        selector = attribute[:4]
        if selector not in (GAS_LIMIT, TIMEOUT_TIMESTAMP) or selector in values:
            raise Rejected(Reason.UNKNOWN_ATTRIBUTE, selector.hex())
        (values[selector],) = abi_decode(["uint64"], attribute[4:])
    return values
