"""Secp256k1 as consensus uses it: 65-byte seals, low s, one signer per seal."""

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

from chains.errors import Reason, Rejected

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def address_of(key: bytes) -> bytes:
    """20-byte address of a 32-byte private key."""
    return _address(PrivateKey(key).public_key)


def sign(digest: bytes, key: bytes) -> bytes:
    """Seal a 32-byte digest: r || s || v with v 0 or 1 and low s; the same input gives the same seal."""
    return bytes(PrivateKey(key).sign_recoverable(digest, hasher=None))


def recover(digest: bytes, seal: bytes) -> bytes:
    """20-byte address that sealed the digest; raises Rejected(InvalidSeal) for any second form of a seal."""
    if len(seal) != 65 or seal[64] > 1:
        raise Rejected(Reason.INVALID_SEAL, "a seal is r, s and v of 0 or 1")
    if not 0 < int.from_bytes(seal[32:64], "big") <= CURVE_ORDER // 2:
        raise Rejected(Reason.INVALID_SEAL, "s is zero or high")
    try:
        return _address(PublicKey.from_signature_and_message(seal, digest, hasher=None))
    except ValueError as error:
        raise Rejected(Reason.INVALID_SEAL, "no public key fits") from error


def derive_key(*parts: object) -> bytes:
    """A private key that only depends on its arguments; for throw-away chains, never for value."""
    preimage = "/".join(str(part) for part in parts).encode()
    while True:
        preimage = keccak(preimage)
        if 0 < int.from_bytes(preimage, "big") < CURVE_ORDER:
            return preimage


def _address(public_key: PublicKey) -> bytes:
    return keccak(public_key.format(compressed=False)[1:])[12:]
