"""The normal distribution by its Mills ratio, X96 to X96."""

from __future__ import annotations

from typing import Final

from exchange.engine.pricing.fixed_point import X96, exp

TAIL: Final = 12 * X96
"""Beyond twelve standard deviations (1.8e-33) nothing is left of the distribution."""

INVERSE_SQRT_TWO_PI: Final = 0x662114CF50D942343F2CF140


def mills(x: int) -> int:
    """Upper tail over density, R(x), for x in [0, TAIL]; absolute error below 2.5e-24.

    A polynomial of degree 28 in y = x / (x + 4) - 3/8, which runs from -3/8 to 3/8: the Chebyshev interpolation of R
    at 44 nodes, cut after 29 terms and rearranged in powers.
    """
    y = (x << 96) // (x + 4 * X96) - 3 * (X96 >> 3)
    p = -0x4BC3D77167B0F6DC19C612
    p = (p * y >> 96) + 0x1A14DB06349A695CA5E65D
    p = (p * y >> 96) + 0xC403AF941ABEC8C28072F1
    p = (p * y >> 96) + 0x3FD9D033C4B4888AB93D48
    p = (p * y >> 96) - 0xD626BC13D4AA05B724CCA1
    p = (p * y >> 96) - 0xFC1C542D15B0A6C55A6AC2
    p = (p * y >> 96) + 0x22FBD9108540F2F80806AD
    p = (p * y >> 96) + 0x168DFF3C3E4FEAA51E64ABA
    p = (p * y >> 96) + 0x12965C7C5F52C1FE31354F4
    p = (p * y >> 96) - 0xE7DA4867238A2DDD43EA69
    p = (p * y >> 96) - 0x27CD142E27C4BB5BFE24C44
    p = (p * y >> 96) - 0xC263570EC6ED62D121B6DD
    p = (p * y >> 96) + 0x33256581EF36D41DB11D423
    p = (p * y >> 96) + 0x3912D1AF3B7442C9FF41784
    p = (p * y >> 96) - 0x2C976186DFBBE6166AC3912
    p = (p * y >> 96) - 0x7B4DFB85E9B13771C48A986
    p = (p * y >> 96) + 0xE9F1B238D51820F356954C
    p = (p * y >> 96) + 0xE8CFB341DB19F129DAF203A
    p = (p * y >> 96) + 0x2734C119FB9BF648F9E5FBC
    p = (p * y >> 96) - 0x1D7EC0ADFFB2CEB1063332BE
    p = (p * y >> 96) - 0x3C4C6FA37812D6FCCF42431
    p = (p * y >> 96) + 0x471D5FFDC6222F5F0A79CA68
    p = (p * y >> 96) - 0x233855D823FFCAEE97C1938E
    p = (p * y >> 96) - 0xAA05FDA61586A44C485FDAD5
    p = (p * y >> 96) + 0x1AAB9A0A8457612A4447402F5
    p = (p * y >> 96) - 0x22A20C512C14A2144A7F98EED
    p = (p * y >> 96) + 0x1EA73E3BD78DE28D8D3C086DD
    p = (p * y >> 96) - 0x13E728BA63D86C1B620BE0E1D
    p = (p * y >> 96) + 0x5DB5817BFC546EF38177CC1A
    return p  # noqa: RET504  # the last line of the polynomial looks like the others


def density(x: int) -> int:
    """exp(-x^2/2) / sqrt(2 pi); x in [-TAIL, TAIL]."""
    return exp(-(x * x >> 97)) * INVERSE_SQRT_TWO_PI >> 96


def cdf(x: int) -> int:
    """Probability of a value up to x; absolute error below 1.1e-24.

    The values of x and -x add up to exactly 1 but for x = 0.
    """
    if x < 0:
        return 0 if x < -TAIL else density(x) * mills(-x) >> 96
    return X96 if x > TAIL else X96 - (density(x) * mills(x) >> 96)
