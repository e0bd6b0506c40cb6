"""exp, ln, sqrt and the normal distribution against sixty digits, within the bounds that their docstrings state."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.engine.pricing import X96, cdf, exp, ln, mills, sqrt
from exchange.engine.pricing.fixed_point import EXP_MAXIMUM, EXP_MINIMUM
from exchange.engine.pricing.normal import TAIL, density
from tests.exchange.engine.pricing.references import DIGITS, pi, upper_tail

MILLS_BOUND = Decimal("2.5e-24")
CDF_BOUND = Decimal("1.1e-24")


@pytest.fixture(autouse=True)
def sixty_digits():
    with localcontext() as context:
        context.prec = DIGITS
        yield


def real(x96: int) -> Decimal:
    return Decimal(x96) / X96


@given(x=st.integers(EXP_MINIMUM, EXP_MAXIMUM))
@example(x=0)
@example(x=EXP_MINIMUM)
@example(x=EXP_MAXIMUM)
def test_exponential(x: int) -> None:
    with localcontext() as context:
        context.prec = DIGITS
        truth = real(x).exp() * X96
        assert abs(exp(x) - truth) <= truth / 2**93 + 1


def test_exponential_outside_its_range() -> None:
    assert exp(0) == X96
    assert exp(EXP_MINIMUM - 1) == exp(-(1 << 200)) == 0
    with pytest.raises(OverflowError):
        exp(EXP_MAXIMUM + 1)


@given(bits=st.integers(1, 224), tail=st.integers(0, 1 << 224))
@example(bits=1, tail=0)
@example(bits=97, tail=0)
@example(bits=224, tail=(1 << 224) - 1)
def test_logarithm(bits: int, tail: int) -> None:
    x = 1 << (bits - 1) | tail & ((1 << (bits - 1)) - 1)
    with localcontext() as context:
        context.prec = DIGITS
        assert abs(ln(x) - real(x).ln() * X96) < 32


@pytest.mark.parametrize("x", [0, -1, 1 << 224])
def test_logarithm_outside_its_range(x: int) -> None:
    assert ln(X96) == 0
    with pytest.raises(ValueError, match="range"):
        ln(x)


@given(x=st.integers(0, (1 << 160) - 1))
def test_square_root_is_the_floor(x: int) -> None:
    root = sqrt(x)
    assert root * root <= x << 96 < (root + 1) ** 2


@given(x=st.integers(0, TAIL))
@example(x=0)
@example(x=TAIL)
def test_mills_ratio(x: int) -> None:
    with localcontext() as context:
        context.prec = DIGITS
        point = real(x)
        truth = upper_tail(point) * (2 * pi()).sqrt()
        truth *= (point * point / 2).exp()
        assert abs(real(mills(x)) - truth) < MILLS_BOUND


def test_mills_ratio_on_a_grid() -> None:
    """Twice as dense as the polynomial's extrema: the bound is not only met where hypothesis happens to look."""
    worst = max(abs(real(density(x) * mills(x) >> 96) - upper_tail(real(x))) for x in range(0, TAIL, TAIL // 600))
    assert worst < CDF_BOUND


@given(x=st.integers(-2 * TAIL, 2 * TAIL))
def test_distribution(x: int) -> None:
    with localcontext() as context:
        context.prec = DIGITS
        assert abs(real(cdf(x)) - upper_tail(-real(x))) < CDF_BOUND
        assert not x or cdf(x) + cdf(-x) == X96
        assert 0 <= cdf(x) <= X96


def test_distribution_never_falls() -> None:
    values = [cdf(x) for x in range(-2 * TAIL, 2 * TAIL, TAIL // 300)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, X96)
