"""Headers of chains without QBFT validators: no seals, no set, final only by a policy's word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chains.errors import Reason, Rejected
from chains.headers import SealedHeader
from chains.qbft import ExtraData, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueExtraData(ExtraData):
    """An extraData that is no consensus message: any bytes, which the block's hash covers as they are."""

    raw: bytes

    def encode(self, variant: Variant = Variant.QBFT) -> bytes:  # noqa: ARG002 - no variant of anything
        """The bytes of the header field."""
        return self.raw

    def encode_for_hash(self, variant: Variant = Variant.QBFT) -> bytes:  # noqa: ARG002
        """The same bytes."""
        return self.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainHeader(SealedHeader):
    """A header that nobody sealed and nobody will: `validators`, `seals` and `signers` are empty.

    `is_final` is what the reading chain's policy said when it was read, not something the header proves. Whatever would
    need a seal raises Rejected(NotSealed).
    """

    final_by_policy: bool = False

    @classmethod
    def read(cls, fields: Sequence[bytes], extra_data: bytes) -> "PlainHeader":
        """From raw fields and any extraData; raises MalformedHeader when a field has the wrong width."""
        header = cls.build(fields, OpaqueExtraData(validators=(), raw=extra_data))
        assert isinstance(header, PlainHeader)  # noqa: S101 - `build` is a constructor of its class
        return header

    @property
    def is_final(self) -> bool:
        """Whether the policy of the chain that read it calls it final."""
        return self.final_by_policy

    @property
    def signers(self) -> tuple[bytes, ...]:
        """Nobody."""
        return ()

    @property
    def rlp_without_seals(self) -> bytes:
        """There are no seals to sign anything; raises Rejected(NotSealed)."""
        raise Rejected(Reason.NOT_SEALED, f"block {self.number} is of a chain without seals")

    @property
    def commit_digest(self) -> bytes:
        """There are no seals to sign anything; raises Rejected(NotSealed)."""
        raise Rejected(Reason.NOT_SEALED, f"block {self.number} is of a chain without seals")

    def judged(self, *, is_final: bool) -> "PlainHeader":
        """The same header with the policy's word on it."""
        return replace(self, final_by_policy=is_final)
