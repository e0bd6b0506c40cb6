"""Views and events as JSON and back: integers exact, bytes as 0x-hex, floats refused.

No other string begins with 0x, so it is bytes wherever it stands.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def dump(value: Any) -> Any:
    """What `json.dumps` takes: dataclasses and structs as objects, keys as strings."""
    return _hexed(msgspec.to_builtins(value, builtin_types=(bytes,), str_keys=True))


def load(document: Any, kind: type[T]) -> T:
    """The value of a type that was dumped. Raises ValueError for anything else, naming the place."""
    try:
        found: T = msgspec.convert(_unhexed(document), kind, builtin_types=(bytes,), strict=True, str_keys=True)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    return found


def _hexed(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict):
        return {key: _hexed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hexed(part) for part in value]
    return value


def _unhexed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    if isinstance(value, float):
        raise ValueError("a float")  # noqa: TRY004 - a document that is wrong, not an argument
    if isinstance(value, dict):
        return {key: _unhexed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_unhexed(part) for part in value]
    return value
