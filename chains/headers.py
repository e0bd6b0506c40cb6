"""Block headers together with the seals that make them final."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from chains import qbft
from chains.keys import recover, sign
from chains.qbft import ExtraData, MalformedHeader, Variant

NUMBER_FIELD = 8
INTEGER_FIELDS = (7, 8, 9, 10, 11, 15, 17, 18)
HASH_FIELDS = (0, 1, 3, 4, 5, 13, 16, 19, 20)
FIELD_COUNTS = (20, 21)
"""Besu writes 20 fields (Cancun), py-evm 21 (Prague); both are accepted, and nothing rests on which."""
REMEMBERED_SIGNERS = 64
"""The same few headers are asked again and again whether they are final, and each answer costs a recovery a seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHeader:
    """A header, the consensus facts in its extraData, and its commit seals in the order they arrived.

    All hashes are 32 bytes, `timestamp` is in seconds, `seals` are 65 bytes each (r, s, v of 0 or 1). A header that is
    not final yet has no seals. `fields` are the raw header fields in order, with an empty extraData: that is `extra`.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    timestamp: int
    extra: ExtraData
    fields: tuple[bytes, ...]
    variant: Variant = Variant.QBFT

    @classmethod
    def build(cls, fields: Sequence[bytes], extra: ExtraData, variant: Variant = Variant.QBFT) -> "SealedHeader":
        """From raw fields and consensus facts; raises MalformedHeader when a field has the wrong width."""
        _check_fields(fields)
        return cls(
            number=int.from_bytes(fields[NUMBER_FIELD], "big"),
            hash=qbft.block_hash(fields, extra, variant),
            parent_hash=fields[0],
            state_root=fields[3],
            timestamp=int.from_bytes(fields[11], "big"),
            extra=extra,
            fields=(*fields[: qbft.EXTRA_DATA_FIELD], b"", *fields[qbft.EXTRA_DATA_FIELD + 1 :]),
            variant=variant,
        )

    @classmethod
    def decode(cls, sealed_rlp: bytes, variant: Variant = Variant.QBFT) -> "SealedHeader":
        """From a header as Besu serves it; raises MalformedHeader. Checks form, not seals: see `verify_seals`."""
        fields = qbft._decode(sealed_rlp)  # noqa: SLF001 - one strict RLP reader for the package
        if not isinstance(fields, list) or any(not isinstance(field, bytes) for field in fields):
            raise MalformedHeader("a header is a list of byte strings")
        if len(fields) not in FIELD_COUNTS:
            raise MalformedHeader(f"a header has 20 or 21 fields, not {len(fields)}")
        return cls.build(fields, ExtraData.decode(fields[qbft.EXTRA_DATA_FIELD], variant), variant)

    @property
    def validators(self) -> tuple[bytes, ...]:
        """Addresses of the set that seals this header."""
        return self.extra.validators

    @property
    def round(self) -> int:
        """Round in which the block was accepted."""
        return self.extra.round

    @property
    def seals(self) -> tuple[bytes, ...]:
        """Commit seals in the order they arrived, none while the block is not final."""
        return self.extra.seals

    @property
    def base_fee(self) -> int:
        """Wei per gas that this block burns."""
        return int.from_bytes(self.fields[15], "big")

    @property
    def gas_limit(self) -> int:
        """Gas this block could hold."""
        return int.from_bytes(self.fields[9], "big")

    @property
    def gas_used(self) -> int:
        """Gas this block holds."""
        return int.from_bytes(self.fields[10], "big")

    @property
    def coinbase(self) -> bytes:
        """Address of the proposer."""
        return self.fields[2]

    @property
    def rlp_without_seals(self) -> bytes:
        """The preimage of what commit seals sign: true round, no seals."""
        return qbft.with_extra_data(self.fields, self.extra.encode_for_commit(self.variant))

    @property
    def sealed_rlp(self) -> bytes:
        """The header as Besu serves it: true round, seals in arrival order."""
        return qbft.with_extra_data(self.fields, self.extra.encode(self.variant))

    @property
    def commit_digest(self) -> bytes:
        """What each commit seal signs."""
        return qbft.commit_digest(self.fields, self.extra, self.variant)

    @property
    def signers(self) -> tuple[bytes, ...]:
        """Address behind each seal, in the seals' order; raises Rejected(InvalidSeal)."""
        return _signers(self)

    @property
    def sorted_seals(self) -> tuple[bytes, ...]:
        """Seals by ascending signer address, the order light clients take."""
        return tuple(seal for _, seal in sorted(zip(self.signers, self.seals, strict=True)))

    @property
    def is_final(self) -> bool:
        """Whether distinct validators of the header's own set have sealed it in a quorum, and nobody else has."""
        signers = self.signers
        return (
            len(self.validators) > 0  # nobody is no quorum of nobody
            and len(set(signers)) == len(signers)
            and set(signers) <= set(self.validators)
            and len(signers) >= qbft.quorum(len(self.validators))
        )

    def with_seals(self, seals: Iterable[bytes]) -> "SealedHeader":
        """The same header under other seals."""
        return replace(self, extra=replace(self.extra, seals=tuple(seals)))

    def sealed_by(self, keys: Iterable[bytes]) -> "SealedHeader":
        """The same header sealed with these private keys, no questions asked: what a thief of keys can do."""
        digest = self.commit_digest
        return self.with_seals(sign(digest, key) for key in keys)

    def altered(
        self,
        *,
        state_root: bytes | None = None,
        timestamp: int | None = None,
        parent_hash: bytes | None = None,
        validators: Sequence[bytes] | None = None,
        round: int | None = None,  # noqa: A002 - the protocol's own word
    ) -> "SealedHeader":
        """Another, unsealed header at the same height: the forger's draft."""
        fields = list(self.fields)
        if parent_hash is not None:
            fields[0] = parent_hash
        if state_root is not None:
            fields[3] = state_root
        if timestamp is not None:
            fields[11] = integer(timestamp)
        extra = replace(
            self.extra,
            seals=(),
            round=self.extra.round if round is None else round,
            validators=self.extra.validators if validators is None else tuple(validators),
        )
        return SealedHeader.build(fields, extra, self.variant)


@lru_cache(maxsize=REMEMBERED_SIGNERS)
def _signers(header: SealedHeader) -> tuple[bytes, ...]:
    digest = header.commit_digest
    return tuple(recover(digest, seal) for seal in header.seals)


def integer(value: int) -> bytes:
    """A header's integer field: big-endian without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _check_fields(fields: Sequence[bytes]) -> None:
    if len(fields[2]) != 20 or len(fields[6]) != 256 or len(fields[14]) != 8:
        raise MalformedHeader("coinbase, bloom or nonce has the wrong width")
    for position, field in enumerate(fields):
        if position in HASH_FIELDS and len(field) != 32:
            raise MalformedHeader(f"field {position} is not 32 bytes")
        if position in INTEGER_FIELDS and field[:1] == b"\x00":
            raise MalformedHeader(f"field {position} has leading zeros")
