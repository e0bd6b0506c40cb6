"""The used-hash leaf: one entry of a sorted list that says which hashes may not be locked under again."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

HASH_USE_KIND: Final = 11
REVEALED: Final = 0
"""Stands in the place of a locker's account once a preimage was shown; account 0 itself locks nothing."""
_LAYOUT: Final = Layout(">32sII")
_KEY: Final = Layout(">32sI")


class HashUse(Struct, gc=False):
    """`account` locked under `hash`, or it was `REVEALED`; `next` is the id of the next greater entry, 0 at the end.

    Entries are sorted by hash, then account. Entry 0 is all zero and stands before every other.
    """

    hash: bytes
    account: int
    next: int = 0

    @property
    def key(self) -> bytes:
        """What entries are sorted by."""
        return use_key(self.hash, self.account)

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(self.hash, self.account, self.next)

    @classmethod
    def decode(cls, body: bytes) -> HashUse:
        """Inverse of `encode`."""
        return cls(*_LAYOUT.unpack(body))


def use_key(digest: bytes, account: int) -> bytes:
    """Sort key of an entry, 36 bytes."""
    return _KEY.pack(digest, account)
