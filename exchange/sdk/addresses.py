"""Addresses as a trader writes them."""

from __future__ import annotations

from eth_utils.address import to_canonical_address

from exchange.sdk.errors import Rejected


def address_of(text: str) -> bytes:
    """The 20 bytes of an address; raises Rejected(InvalidRecipient)."""
    try:
        return to_canonical_address(text)
    except (ValueError, TypeError) as error:
        raise Rejected("InvalidRecipient", f"{text!r} is not an address") from error
