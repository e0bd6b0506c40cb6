"""Throw-away keys of a devnet, each derived from the seed and a name. They protect nothing outside it."""

from __future__ import annotations

from eth_account import Account
from eth_account.signers.local import LocalAccount
from tiny_keccak import keccak256

_SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def wallet(seed: int, name: str) -> LocalAccount:
    """The account of `name` under `seed`; the same two always give the same key."""
    digest = keccak256(b"clearspan.devnet.wallet\x00" + str(seed).encode() + b"\x00" + name.encode())
    secret = int.from_bytes(digest) % (_SECP256K1_ORDER - 1) + 1
    account: LocalAccount = Account.from_key(secret.to_bytes(32))
    return account


def trader_wallet(seed: int, name: str) -> LocalAccount:
    """The account of a trader; no name makes it one of the network's own."""
    return wallet(seed, f"trader {name}")
