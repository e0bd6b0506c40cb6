"""Bytes of forced items of any kind: the ABI encoding whose hash `ForcedQueue` keeps."""

from exchange.engine import ForcedItem
from exchange.rollup.errors import MalformedItem
from exchange.state.hashing import keccak256

WORD = 32
_BITS = {"kind": 8, "account": 32, "owner": 160, "asset": 16, "amount": 128, "packet_id": 256, "enqueued_at": 64}
"""Fields of the Solidity struct in order, each in a word of its own."""
ITEM_BYTES = WORD * len(_BITS)


def encode_item(item: ForcedItem) -> bytes:
    """`abi.encode(item)`, 224 bytes. Raises `MalformedItem` for a field that does not fit its Solidity type."""
    if len(item.owner) != 20 or len(item.packet_id) != 32:
        raise MalformedItem("an owner has 20 bytes, a packet id 32")
    encoded = b""
    for name, bits in _BITS.items():
        field = getattr(item, name)
        number = int.from_bytes(field) if isinstance(field, bytes) else int(field)
        if not 0 <= number < 1 << bits:
            raise MalformedItem(f"{name} is not a number of {bits} bits")
        encoded += number.to_bytes(WORD)
    return encoded


def decode_item(encoded: bytes) -> ForcedItem:
    """Inverse of `encode_item`. Raises `MalformedItem` for any other bytes."""
    if len(encoded) != ITEM_BYTES:
        raise MalformedItem(f"an item has {ITEM_BYTES} bytes, not {len(encoded)}")
    numbers = [int.from_bytes(encoded[at : at + WORD]) for at in range(0, ITEM_BYTES, WORD)]
    for number, (name, bits) in zip(numbers, _BITS.items(), strict=True):
        if number >= 1 << bits:
            raise MalformedItem(f"{name} is not a number of {bits} bits")
    kind, account, owner, asset, amount, packet_id, enqueued_at = numbers
    return ForcedItem(
        kind=kind,
        account=account,
        owner=owner.to_bytes(20),
        asset=asset,
        amount=amount,
        packet_id=packet_id.to_bytes(32),
        enqueued_at=enqueued_at,
    )


def item_hash(item: ForcedItem) -> bytes:
    """What `ForcedQueue.itemHash` answers for the item."""
    return keccak256(encode_item(item))
