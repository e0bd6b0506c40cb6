"""The same quantities in sixty decimal digits, by other methods, to measure the integers against."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache

DIGITS = 60


@cache
def pi() -> Decimal:
    """By Machin's formula."""
    with localcontext() as context:
        context.prec = DIGITS + 10
        return 4 * (4 * _inverse_tangent(5) - _inverse_tangent(239))


def _inverse_tangent(divisor: int) -> Decimal:
    term = total = Decimal(1) / divisor
    for odd in range(3, 200, 2):
        term = -term / divisor**2
        total += term / odd
    return total


def upper_tail(x: Decimal) -> Decimal:
    """Chance of a normal value above x: the series of odd double factorials, a continued fraction from 7 on."""
    with localcontext() as context:
        context.prec = DIGITS + 40
        if x < 0:
            return 1 - upper_tail(-x)
        density = (-x * x / 2).exp() / (2 * pi()).sqrt()
        if x > 7:
            fraction = x
            for step in range(300, 0, -1):
                fraction = x + step / fraction
            return density / fraction
        term = total = x
        odd = 1
        while term > Decimal(10) ** -(DIGITS + 35):
            odd += 2
            term = term * x * x / odd
            total += term
        return Decimal("0.5") - density * total


def black76(forward: Decimal, strike: Decimal, deviation: Decimal) -> tuple[Decimal, Decimal]:
    """Undiscounted call and put."""
    with localcontext() as context:
        context.prec = DIGITS + 40
        d1 = (forward / strike).ln() / deviation + deviation / 2
        d2 = d1 - deviation
        call = forward * upper_tail(-d1) - strike * upper_tail(-d2)
        put = strike * upper_tail(d2) - forward * upper_tail(d1)
        return call, put
