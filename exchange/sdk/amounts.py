"""Amounts at the edge: decimals and strings of whole units, ints of base units, never floats, never rounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeAlias

from exchange.sdk.errors import FloatAmount, InvalidAmount

Amount: TypeAlias = Decimal | str | int

PRICE_DECIMALS = 8
SIZE_DECIMALS = 8
CASH_DECIMALS = 6

AMOUNT_BITS = 96
"""Token amounts; prices and sizes are narrower."""
PRICE_BITS = 50
SIZE_BITS = 53

_PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_DIGITS_MAX = 80


def to_base_units(value: Amount, *, decimals: int, bits: int = AMOUNT_BITS, what: str = "amount") -> int:
    """Base units of `value`: an int is base units already, a Decimal or str is whole units.

    Raises `FloatAmount` for a float and `InvalidAmount` for anything that is not a positive number with at most
    `decimals` decimals that fits `bits`. Trailing zeros do not count as decimals; nothing is ever rounded.
    """
    if isinstance(value, float):
        raise FloatAmount(what)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise InvalidAmount("NotAnAmount", f"{what} is a {type(value).__name__}; pass a Decimal, a str or an int")
    units = value if isinstance(value, int) else _scaled(_as_decimal(value, what), decimals, what)
    if units <= 0:
        raise InvalidAmount("NotPositive", f"{what} must be above zero, got {value}")
    if units >> bits:
        raise InvalidAmount("OutOfRange", f"{what} {value} is more than {(1 << bits) - 1} base units")
    return units


def from_base_units(units: int, *, decimals: int) -> Decimal:
    """Whole units as an exact Decimal, with all `decimals` digits kept."""
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((int(units < 0), digits, -decimals))


def _as_decimal(value: Decimal | str, what: str) -> Decimal:
    if isinstance(value, str):
        if len(value) > _DIGITS_MAX or _PLAIN_NUMBER.fullmatch(value) is None:
            raise InvalidAmount("NotAnAmount", f"{what} {value[:_DIGITS_MAX]!r} is not a plain decimal number")
        return Decimal(value)
    if not value.is_finite() or abs(value.adjusted()) > _DIGITS_MAX:
        raise InvalidAmount("NotAnAmount", f"{what} {value} is not a number of a usable size")
    return value


def _scaled(value: Decimal, decimals: int, what: str) -> int:
    """Exact integer of `value * 10**decimals`, without the rounding of a Decimal context."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - finite, checked by the caller
    units: int = int("".join(map(str, digits)) or "0")
    shift = exponent + decimals
    units, rest = divmod(units * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if rest:
        raise InvalidAmount("TooManyDecimals", f"{what} {value} has more than {decimals} decimals")
    return -units if sign else units
