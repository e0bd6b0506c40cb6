"""ERC-7786 attributes the mailbox knows: gas for the recipient's call, the deadline, and fees for who carries it."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import ZERO_ADDRESS, abi_decode, abi_encode
from bridge.errors import Reason, Rejected
from bridge.packets import NO_FEES, Fees

GAS_LIMIT = keccak(b"gasLimit(uint64)")[:4]
TIMEOUT_TIMESTAMP = keccak(b"timeoutTimestamp(uint64)")[:4]
FEES = keccak(b"fees(uint96,uint96,uint96,address)")[:4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What the attributes of a message say; None where the route's defaults apply."""

    gas_limit: int | None = None
    timeout_timestamp: int | None = None
    fees: Fees = NO_FEES


def encode_attributes(
    *, gas_limit: int | None = None, timeout_timestamp: int | None = None, fees: Fees = NO_FEES
) -> list[bytes]:
    """The attributes that are given, in this order; the route's defaults apply to the others, and no fees are paid.

    Raises `Rejected(NOT_AN_ADDRESS)` for fees that would be refunded to nobody.
    """
    given = ((GAS_LIMIT, gas_limit), (TIMEOUT_TIMESTAMP, timeout_timestamp))
    encoded = [selector + abi_encode(["uint64"], [value]) for selector, value in given if value is not None]
    if fees != NO_FEES:
        if fees.refund_to == ZERO_ADDRESS:
            raise Rejected(Reason.NOT_AN_ADDRESS, "fees are refunded to somebody")
        encoded.append(FEES + abi_encode(["uint96", "uint96", "uint96", "address"], fees.as_abi()))
    return encoded


def decode_attributes(attributes: Sequence[bytes]) -> Attributes:
    """What they say; raises `Rejected(UNKNOWN_ATTRIBUTE)` for one the mailbox does not know or that comes twice."""
    values: dict[bytes, bytes] = {}
    for attribute in attributes:
        selector = attribute[:4]
        if selector not in (GAS_LIMIT, TIMEOUT_TIMESTAMP, FEES) or selector in values:
            raise Rejected(Reason.UNKNOWN_ATTRIBUTE, selector.hex())
        values[selector] = attribute[4:]
    return Attributes(
        gas_limit=_uint64(values.get(GAS_LIMIT)),
        timeout_timestamp=_uint64(values.get(TIMEOUT_TIMESTAMP)),
        fees=_fees(values.get(FEES)),
    )


def _uint64(encoded: bytes | None) -> int | None:
    if encoded is None:
        return None
    (value,) = abi_decode(["uint64"], encoded)
    return int(value)


def _fees(encoded: bytes | None) -> Fees:
    if encoded is None:
        return NO_FEES
    deliver, acknowledge, expire, refund_to = abi_decode(["uint96", "uint96", "uint96", "address"], encoded)
    return Fees(deliver=deliver, acknowledge=acknowledge, expire=expire, refund_to=to_checksum_address(refund_to))
