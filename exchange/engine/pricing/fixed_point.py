"""Exponential, logarithm and square root on integers, reproducible bit for bit in Solidity.

Two scales: `X96` is a number times 2^96, `e18` a number times 1e18. Every function uses only + - * // >> << and
comparisons, on values inside int256; `//` and `>>` round towards minus infinity. Error bounds are in units of 2^-96
unless said otherwise; docs/protocol/pricing.md derives them.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

X96: Final = 1 << 96
E18: Final = 10**18

EXP_MINIMUM: Final = -67 * X96
"""Below this the exponential is 0: exp(-67) is less than 2^-96."""
EXP_MAXIMUM: Final = 80 * X96
"""The exponential takes nothing above this."""

LN_2: Final = 0xB17217F7D1CF79ABC9E3B398
_LN_STEPS: Final = (
    (0x16A09E667F3BCC908B2FB1367, 0xB504F333F9DE6484597D89B3, 0x58B90BFBE8E7BCD5E4F1D9CC),
    (0x1306FE0A31B7152DE8D5A4630, 0xD744FCCAD69D6AF439A68BBA, 0x2C5C85FDF473DE6AF278ECE6),
    (0x1172B83C7D517ADCDF7C8C50F, 0xEAC0C6E7DD24392ED02D75B3, 0x162E42FEFA39EF35793C7673),
    (0x10B5586CF9890F6298B92B718, 0xF5257D152486CC2C7B9D0C7B, 0x0B17217F7D1CF79ABC9E3B3A),
)
"""For j = 1..4: the 2^j-th root of two, its reciprocal and its logarithm."""


def exp(x: int) -> int:
    """e^x, X96 to X96, for x up to `EXP_MAXIMUM`; relative error below 2^-93 plus one unit.

    x = k ln 2 + r with |r| <= ln(2)/2, then the [9/9] Pade approximant of e^r, whose relative error is below 2^-105.
    Raises OverflowError above the maximum.
    """
    if x < EXP_MINIMUM:
        return 0
    if x > EXP_MAXIMUM:
        raise OverflowError("the exponential is out of range")
    k = (x + (LN_2 >> 1)) // LN_2
    r = x - k * LN_2
    s = r * r >> 96
    even = (90 * s + 110_880 * X96) * s >> 96
    even = (even + 30_270_240 * X96) * s >> 96
    even = (even + 2_075_673_600 * X96) * s >> 96
    even += 17_643_225_600 * X96
    odd = (s + 3_960 * X96) * s >> 96
    odd = (odd + 2_162_160 * X96) * s >> 96
    odd = (odd + 302_702_400 * X96) * s >> 96
    odd = (odd + 8_821_612_800 * X96) * r >> 96
    result = (even + odd << 96) // (even - odd)
    return result << k if k >= 0 else result >> -k


def ln(x: int) -> int:
    """Natural logarithm, X96 to X96, for x in (0, 2^224); absolute error below 32 units.

    A power of two brings x into [1, 2), the 2nd, 4th, 8th and 16th root of two into [1, 2^(1/16)); what is left is
    twice the area tangent of (m - 1) / (m + 1), by eight terms.
    Raises ValueError outside the range.
    """
    if not 0 < x < 1 << 224:
        raise ValueError("the logarithm is out of range")
    k = x.bit_length() - 97
    m = x >> k if k >= 0 else x << -k
    y = k * LN_2
    for root, reciprocal, logarithm in _LN_STEPS:
        if m >= root:
            m = m * reciprocal >> 96
            y += logarithm
    z = (m - X96 << 96) // (m + X96)
    s = z * z >> 96
    p = 0x111111111111111111111111
    p = (p * s >> 96) + 0x13B13B13B13B13B13B13B13B
    p = (p * s >> 96) + 0x1745D1745D1745D1745D1746
    p = (p * s >> 96) + 0x1C71C71C71C71C71C71C71C7
    p = (p * s >> 96) + 0x249249249249249249249249
    p = (p * s >> 96) + 0x333333333333333333333333
    p = (p * s >> 96) + 0x555555555555555555555555
    p = (p * s >> 96) + X96
    return y + (p * z >> 95)


def sqrt(x: int) -> int:
    """Square root, X96 to X96, rounded down, for x in [0, 2^160). Raises ValueError outside the range."""
    if not 0 <= x < 1 << 160:
        raise ValueError("the square root is out of range")
    return isqrt(x << 96)
