"""Integer division with the direction in its name; the same as Solidity's for non-negative values."""

from __future__ import annotations


def div_down(numerator: int, denominator: int) -> int:
    """Towards minus infinity."""
    return numerator // denominator


def div_up(numerator: int, denominator: int) -> int:
    """Towards plus infinity."""
    return -(-numerator // denominator)


def mul_div_down(value: int, factor: int, denominator: int) -> int:
    """`value * factor / denominator` towards minus infinity."""
    return value * factor // denominator


def mul_div_up(value: int, factor: int, denominator: int) -> int:
    """`value * factor / denominator` towards plus infinity."""
    return -(-value * factor // denominator)
