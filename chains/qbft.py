"""The extraData of Besu's BFT headers, and the hashes and numbers that follow from it.

QBFT:  rlp([vanity, [validators], vote, round, [seals]]), round an RLP integer
IBFT2: the same with a round of four bytes; the block hash and the commit digest drop trailing items instead of emptying
       them, and an absent vote is the empty string instead of the empty list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

import rlp
from eth_hash.auto import keccak

from chains.errors import Reason, Rejected

EXTRA_DATA_FIELD = 12
SEAL_BYTES = 65
ADD_VOTE = b"\xff"


class Variant(StrEnum):
    """Which of Besu's two BFT protocols wrote a header."""

    QBFT = "qbft"
    IBFT2 = "ibft2"


class MalformedHeader(Rejected):
    """A header or extraData that its consensus would not have written."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.MALFORMED_HEADER, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One validator's wish to add or drop another."""

    recipient: bytes
    add: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraData:
    """What a BFT header says about its own consensus.

    vanity: 32 bytes. validators: 20-byte addresses of the set that seals this header. round: of the proposal that was
    accepted. seals: 65 bytes each, r (32) || s (32) || v (0 or 1), in the order they arrived.
    """

    validators: tuple[bytes, ...]
    vanity: bytes = bytes(32)
    vote: Vote | None = None
    round: int = 0
    seals: tuple[bytes, ...] = ()

    def encode(self, variant: Variant = Variant.QBFT) -> bytes:
        """The bytes of the header field, seals included."""
        return _encode([*self._head(variant), _encode_round(self.round, variant), list(self.seals)])

    def encode_for_commit(self, variant: Variant = Variant.QBFT) -> bytes:
        """As it stands in the header that commit seals sign: the true round, no seals."""
        items = [*self._head(variant), _encode_round(self.round, variant)]
        return _encode([*items, []] if variant is Variant.QBFT else items)

    def encode_for_hash(self, variant: Variant = Variant.QBFT) -> bytes:
        """As it stands in the header whose hash is the block's: no round, no seals."""
        items = self._head(variant)
        return _encode([*items, b"", []] if variant is Variant.QBFT else items)

    def _head(self, variant: Variant) -> list[object]:
        return [self.vanity, list(self.validators), _encode_vote(self.vote, variant)]

    @classmethod
    def decode(cls, raw: bytes, variant: Variant = Variant.QBFT) -> "ExtraData":
        """Read the header field; raises MalformedHeader for anything that does not encode back to the same bytes."""
        items = _decode(raw)
        if not isinstance(items, list) or len(items) != 5:
            raise MalformedHeader("extraData is not a list of five items")
        vanity, validators, vote, round_bytes, seals = items
        if not isinstance(vanity, bytes) or len(vanity) != 32:
            raise MalformedHeader("vanity is not 32 bytes")
        if not isinstance(round_bytes, bytes) or len(round_bytes) > 4:
            raise MalformedHeader("round is not an integer of at most four bytes")
        extra = cls(
            vanity=vanity,
            validators=_fixed_list(validators, 20, "validator"),
            vote=_decode_vote(vote),
            round=int.from_bytes(round_bytes, "big"),
            seals=_fixed_list(seals, SEAL_BYTES, "seal"),
        )
        if extra.encode(variant) != raw:
            raise MalformedHeader(f"extraData is not in the form {variant} writes")
        return extra


def quorum(validator_count: int) -> int:
    """Seals that make a block: ceil(2n / 3)."""
    return -(-2 * validator_count // 3)


def block_hash(fields: Sequence[bytes], extra: ExtraData, variant: Variant = Variant.QBFT) -> bytes:
    """The hash Besu gives the block: keccak of the header without round and seals."""
    return keccak(with_extra_data(fields, extra.encode_for_hash(variant)))


def commit_digest(fields: Sequence[bytes], extra: ExtraData, variant: Variant = Variant.QBFT) -> bytes:
    """What each commit seal signs: keccak of the header with its true round and without seals."""
    return keccak(with_extra_data(fields, extra.encode_for_commit(variant)))


def with_extra_data(fields: Sequence[bytes], extra_data: bytes) -> bytes:
    """RLP of a header whose extraData is replaced."""
    return _encode([*fields[:EXTRA_DATA_FIELD], extra_data, *fields[EXTRA_DATA_FIELD + 1 :]])


def unsealed(extra: ExtraData) -> ExtraData:
    """The same consensus facts without the seals."""
    return replace(extra, seals=())


def _encode_vote(vote: Vote | None, variant: Variant) -> object:
    if vote is None:
        return [] if variant is Variant.QBFT else b""
    dropped = b"" if variant is Variant.QBFT else b"\x00"
    return [vote.recipient, ADD_VOTE if vote.add else dropped]


def _decode_vote(item: object) -> Vote | None:
    if item in ([], b""):
        return None
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], bytes) and len(item[0]) == 20:
        return Vote(recipient=item[0], add=item[1] == ADD_VOTE)
    raise MalformedHeader("vote is not a recipient and a kind")


def _encode_round(value: int, variant: Variant) -> bytes:
    return value.to_bytes(4 if variant is Variant.IBFT2 else (value.bit_length() + 7) // 8, "big")


def _fixed_list(items: object, length: int, what: str) -> tuple[bytes, ...]:
    if not isinstance(items, list):
        raise MalformedHeader(f"{what}s are not a list")
    if any(not isinstance(item, bytes) or len(item) != length for item in items):
        raise MalformedHeader(f"a {what} is not {length} bytes")
    return tuple(items)


def _encode(item: object) -> bytes:
    return cast("bytes", rlp.encode(item, infer_serializer=False))


def _decode(raw: bytes) -> object:
    try:
        return cast("object", rlp.decode(raw))
    except (rlp.exceptions.RLPException, RecursionError) as error:
        raise MalformedHeader(f"not canonical RLP: {error}") from error
