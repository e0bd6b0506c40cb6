"""Strict recovery of signers, behind a protocol so that it can be done ahead in other processes."""

from __future__ import annotations

from typing import Final, Protocol

from coincurve import PublicKey

from exchange.state.hashing import keccak256

CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_ORDER_BYTES: Final = CURVE_ORDER.to_bytes(32, "big")
_HALF_ORDER_BYTES: Final = (CURVE_ORDER // 2).to_bytes(32, "big")
_ZERO: Final = bytes(32)
_RECOVERY: Final = {27: b"\x00", 28: b"\x01"}


class Signatures(Protocol):
    """Answers who signed. Must give what `Secp256k1` gives, from wherever it has it."""

    def recover(self, digest: bytes, r: bytes, s: bytes, v: int) -> bytes | None:
        """Address (20 bytes) that signed a 32-byte digest, None if the signature is not valid and strict."""


class Secp256k1:
    """Recovery by libsecp256k1: r and s in range, low s, v 27 or 28, and nothing else."""

    __slots__ = ()

    def recover(self, digest: bytes, r: bytes, s: bytes, v: int) -> bytes | None:
        """Address that signed the digest, or None."""
        recovery = _RECOVERY.get(v)
        if recovery is None or not _ZERO < r < _ORDER_BYTES or not _ZERO < s <= _HALF_ORDER_BYTES:
            return None
        try:
            key = PublicKey.from_signature_and_message(r + s + recovery, digest, hasher=None)
        except ValueError:
            return None
        return keccak256(key.format(compressed=False)[1:])[12:]


SECP256K1: Final = Secp256k1()
