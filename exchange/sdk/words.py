"""Arguments that are words of a list or numbers of a width."""

from __future__ import annotations

from typing import Any

from exchange.sdk.errors import Rejected


def word(kind: Any, value: Any, what: str) -> Any:
    """The member of an enumeration; raises Rejected(UnknownWord)."""
    try:
        return kind(value)
    except ValueError as error:
        raise Rejected("UnknownWord", f"{what} {value!r}; one of {', '.join(kind)}") from error


def in_range(number: int, what: str) -> int:
    """A positive uint64; raises Rejected(OutOfRange)."""
    if type(number) is not int or not 0 < number < 1 << 64:
        raise Rejected("OutOfRange", f"{what} {number!r} is not a positive integer of 64 bits")
    return number
