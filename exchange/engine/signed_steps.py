"""What a signed step is: its bytes, its EIP-712 struct, and both from one list of fields."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Final

from exchange.state.config import Domain
from exchange.state.hashing import keccak256

_BODY: Final = {
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
    "uint128": "QQ",
    "address": "20s",
    "bytes32": "32s",
}
_WORD: Final = {
    "uint8": " 31xB",
    "uint16": " 30xH",
    "uint32": " 28xI",
    "uint64": " 24xQ",
    "uint128": " 16xQQ",
    "bytes32": " 32s",
    "address": " 12x20s",
}
SIGNATURE: Final = Layout(">32s32sB")
_M64: Final = (1 << 64) - 1


class SignedStep:
    """A kind of step whose body is its struct's fields and a signature; a uint128 is two fields, high and low.

    `tail` names a last field of `bytes` that the step carries between the other fields and the signature.
    """

    __slots__ = ("_names", "_types", "abi", "kind", "layout", "size", "tail", "type_hash")

    def __init__(self, kind: int, name: str, fields: str, *, tail: str = "") -> None:
        """Take the fields as EIP-712 writes them: `uint32 account,uint16 key`."""
        pairs = [field.split(" ") for field in fields.split(",")]
        members = f"{fields},bytes {tail}" if tail else fields
        self.kind = kind
        self.type_hash: bytes = keccak256(f"{name}({members})".encode())
        self.layout = Layout(">B" + "".join(_BODY[kind] for kind, _ in pairs) + ("" if tail else "32s32sB"))
        self.abi = Layout(">32s" + "".join(_WORD[kind] for kind, _ in pairs) + (" 32s" if tail else ""))
        self.size = self.layout.size
        self.tail = tail
        self._names = tuple(name for _, name in pairs)
        self._types = tuple(kind for kind, _ in pairs)

    def hash(self, *fields: int | bytes) -> bytes:
        """EIP-712 struct hash of the fields in their order; the last one of a step with a tail is the tail's hash."""
        return keccak256(self.abi.pack(self.type_hash, *fields))

    def digest(self, domain: Domain, *fields: int | bytes) -> bytes:
        """What is signed."""
        return keccak256(domain.prefix + self.hash(*fields))

    def signature_in(self, prefix: bytes, step: bytes) -> tuple[bytes, bytes, bytes, int]:
        """Digest under a domain's prefix, r, s and v of a step of this kind. Raises struct.error for one too short."""
        if not self.tail:
            _, *fields, r, s, v = self.layout.unpack_from(step)
            return keccak256(prefix + self.hash(*fields)), r, s, v
        _, *fields = self.layout.unpack_from(step)
        r, s, v = SIGNATURE.unpack(step[max(self.size, len(step) - SIGNATURE.size) :])
        return keccak256(prefix + self.hash(*fields, keccak256(step[self.size : -SIGNATURE.size]))), r, s, v

    def flat(self, values: dict[str, int | bytes]) -> list[int | bytes]:
        """Fields in their order, uint128 in halves. Raises KeyError for a missing one."""
        flat: list[int | bytes] = []
        for kind, name in zip(self._types, self._names, strict=True):
            value = values[name]
            if kind == "uint128":
                amount = int(value)
                flat += (amount >> 64, amount & _M64)
            else:
                flat.append(value)
        return flat
