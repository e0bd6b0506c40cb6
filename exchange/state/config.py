"""The venue's constants, committed to by the header's `configHash`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from struct import Struct as Layout
from typing import Final

from exchange.state.hashing import keccak256

_LAYOUT: Final = Layout(">Q20s20sBIIB")
_DOMAIN_TYPE: Final = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_NAME: Final = keccak256(b"Clearspan")
_VERSION: Final = keccak256(b"1")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """EIP-712 domain of every signature: `Clearspan`, `1`, the settlement chain, the `Rollup` address."""

    settlement_chain: int
    rollup: bytes

    @cached_property
    def prefix(self) -> bytes:
        """`0x1901` and the domain separator: what a struct hash is signed behind."""
        separator = keccak256(
            _DOMAIN_TYPE + _NAME + _VERSION + self.settlement_chain.to_bytes(32, "big") + bytes(12) + self.rollup
        )
        return b"\x19\x01" + separator


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Addresses are 20 bytes, `oracle_staleness` seconds, `oracle_deviation` 1e-6, signers strictly ascending."""

    settlement_chain: int
    rollup: bytes
    insurance_owner: bytes
    oracle_threshold: int
    oracle_staleness: int
    oracle_deviation: int
    signers: tuple[bytes, ...]

    def __post_init__(self) -> None:
        for address in (self.rollup, self.insurance_owner, *self.signers):
            if len(address) != 20:
                raise ValueError("addresses are 20 bytes")
        if list(self.signers) != sorted(set(self.signers)):
            raise ValueError("oracle signers must be strictly ascending")
        if not 1 <= self.oracle_threshold <= 255 or self.reports_needed > len(self.signers) or len(self.signers) > 255:
            raise ValueError("there must be at least three oracle signers and no fewer than the threshold")

    @property
    def reports_needed(self) -> int:
        """Reports that make a price: the threshold, but never fewer than three."""
        return max(3, self.oracle_threshold)

    @property
    def domain(self) -> Domain:
        """Domain that steps are signed for."""
        return Domain(settlement_chain=self.settlement_chain, rollup=self.rollup)

    def encode(self) -> bytes:
        """Preimage of the header's `configHash`."""
        return _LAYOUT.pack(
            self.settlement_chain,
            self.rollup,
            self.insurance_owner,
            self.oracle_threshold,
            self.oracle_staleness,
            self.oracle_deviation,
            len(self.signers),
        ) + b"".join(self.signers)

    @classmethod
    def decode(cls, body: bytes) -> Config:
        """Inverse of `encode`; ValueError for any other length."""
        chain, rollup, insurance, threshold, staleness, deviation, count = _LAYOUT.unpack_from(body)
        if len(body) != _LAYOUT.size + 20 * count:
            raise ValueError("config of a wrong length")
        signers = tuple(body[at : at + 20] for at in range(_LAYOUT.size, len(body), 20))
        return cls(
            settlement_chain=chain,
            rollup=rollup,
            insurance_owner=insurance,
            oracle_threshold=threshold,
            oracle_staleness=staleness,
            oracle_deviation=deviation,
            signers=signers,
        )

    def hash(self) -> bytes:
        """The header's `configHash`."""
        return keccak256(self.encode())
