"""Revert bytes made readable: one decoder over the errors of every contract of the house."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

import contracts
from chains.errors import TransactionReverted

PANICS = {
    0x00: "generic",
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "invalid enum value",
    0x22: "corrupt storage byte array",
    0x31: "pop of an empty array",
    0x32: "array index out of bounds",
    0x41: "out of memory",
    0x51: "call of an uninitialised function",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorType:
    """A declared error: its name and the ABI types of its arguments."""

    name: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertReason:
    """A decoded revert; `str()` gives `ErrorName(args)`."""

    name: str
    args: tuple[Any, ...]
    output: bytes

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_render, self.args))})"

    def as_error(self) -> TransactionReverted:
        """The exception that carries it."""
        return TransactionReverted(self.name, self.args, error=str(self), output=self.output)


BUILT_IN = {
    bytes.fromhex("08c379a0"): ErrorType(name="Error", types=("string",)),
    bytes.fromhex("4e487b71"): ErrorType(name="Panic", types=("uint256",)),
}


def decode_revert(output: bytes, errors: Mapping[bytes, ErrorType] | None = None) -> RevertReason:
    """Read revert bytes by the errors of `contracts` and those given; never raises.

    Bytes nobody declared become `UnknownError(0x...)`, none at all `EmptyRevert()`.
    """
    if not output:
        return RevertReason(name="EmptyRevert", args=(), output=output)
    selector = output[:4]
    error = (errors or {}).get(selector) or BUILT_IN.get(selector) or declared_errors().get(selector)
    if error is not None:
        try:
            args = tuple(map(_readable, error.types, decode(error.types, output[4:])))
        except (DecodingError, OverflowError, UnicodeDecodeError):
            pass
        else:
            if error.name == "Panic" and args[0] in PANICS:
                args = (args[0], PANICS[args[0]])
            return RevertReason(name=error.name, args=args, output=output)
    return RevertReason(name="UnknownError", args=(output,), output=output)


@cache
def declared_errors() -> Mapping[bytes, ErrorType]:
    """Selector to error, over every artifact of `contracts`."""
    return errors_of(entry for name in contracts.names() for entry in contracts.load(name).abi)


def errors_of(abi: Iterable[Mapping[str, Any]]) -> dict[bytes, ErrorType]:
    """Selector to error, over the entries of one ABI."""
    found = {}
    for entry in abi:
        if entry.get("type") == "error":
            types = tuple(abi_type(argument) for argument in entry.get("inputs", ()))
            found[keccak(f"{entry['name']}({','.join(types)})".encode())[:4]] = ErrorType(
                name=entry["name"], types=types
            )
    return found


def abi_type(argument: Mapping[str, Any]) -> str:
    """The canonical ABI type, structs written out as tuples."""
    declared = cast("str", argument["type"])
    if not declared.startswith("tuple"):
        return declared
    return f"({','.join(map(abi_type, argument['components']))}){declared.removeprefix('tuple')}"


def _readable(abi_type_name: str, value: Any) -> Any:
    return to_checksum_address(value) if abi_type_name == "address" else value


def _render(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_render, value))}]"
    return str(value)
