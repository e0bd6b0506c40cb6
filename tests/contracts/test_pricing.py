"""The pricing libraries on a chain give what the exchange's integers give, bit for bit."""

from __future__ import annotations

import random

import pytest

from chains.clock import VirtualClock
from chains.errors import TransactionReverted
from exchange.engine.pricing import (
    E18,
    X96,
    Smile,
    black76,
    cdf,
    clipped_variance,
    density,
    deviation,
    exp,
    greeks,
    ln,
    mills,
    sqrt,
    total_variance,
)
from exchange.engine.pricing.black76 import PRICE_LIMIT_E18, YEAR_SECONDS
from exchange.engine.pricing.fixed_point import EXP_MAXIMUM, EXP_MINIMUM
from exchange.engine.pricing.normal import TAIL
from tests.contracts.harness import deploy, new_chain

FUNCTIONS = (exp, ln, sqrt, mills, density, cdf)
RANGES = (
    (EXP_MINIMUM - X96, EXP_MAXIMUM),
    (1, (1 << 224) - 1),
    (0, (1 << 160) - 1),
    (0, TAIL),
    (-TAIL, TAIL),
    (-2 * TAIL, 2 * TAIL),
)
SMILE_RANGES = ((-0.01, 1), (0.1, 2), (-1, 1), (-2, 2), (0.1, 3))


@pytest.fixture(scope="module")
def chain():
    return new_chain(VirtualClock())


@pytest.fixture(scope="module")
def on_chain(chain):
    return deploy(chain, "TestPricing").functions


def arguments(which: int, count: int) -> list[int]:
    """Ends, powers of two and their neighbours, and random values of every magnitude within a function's range."""
    low, high = RANGES[which]
    source = random.Random(which)
    found = {low, high, low + 1, high - 1, 0, 1, -1, X96, X96 - 1, X96 + 1}
    found |= {sign * (1 << bit) + near for bit in range(0, 225, 5) for sign in (1, -1) for near in (-1, 0, 1)}
    for _ in range(count):
        value = source.getrandbits(source.randint(1, max(abs(low), abs(high)).bit_length()))
        found.add(value if source.random() < 0.5 else -value)
        found.add(source.randint(low, high))
    return sorted(value for value in found if low <= value <= high)


def options(count: int) -> list[tuple[int, int, int, int, int]]:
    source = random.Random(7)
    most = PRICE_LIMIT_E18 - 1
    found = [
        *[(0, E18, X96, 1, E18), (E18, 0, X96, 1, E18), (E18, E18, 0, 0, E18), (most, 1, (1 << 128) - 1, 1, E18)],
        *[(1, most, X96, 1, E18), (most, most, X96, 1, E18 // 3), (E18, E18, 1, 1, 0), (E18, E18 + 1, 1 << 60, 9, E18)],
    ]
    for _ in range(count):
        forward = round(10 ** source.uniform(-6, 6) * E18)
        seconds = source.choice((source.randint(1, 86_400), source.randint(1, 4 * YEAR_SECONDS)))
        total = deviation(round(10 ** source.uniform(-2, 0.7) * E18), seconds)
        away = source.uniform(-13, 13)
        strike = forward * exp(max(-66 * X96, min(66 * X96, round(total * away)))) >> 96
        if 0 <= strike < PRICE_LIMIT_E18:
            found.append((forward, strike, total, seconds, source.choice((E18, source.randint(0, E18)))))
    return found


def same(ours: list, theirs: list) -> None:
    assert len(ours) == len(theirs)
    for at, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert mine == (list(other) if isinstance(other, tuple | list) else other), at


@pytest.mark.parametrize("which", range(6), ids=[function.__name__ for function in FUNCTIONS])
def test_functions(chain, on_chain, which: int) -> None:
    points = arguments(which, 150)
    for at in range(0, len(points), 200):
        part = points[at : at + 200]
        same([FUNCTIONS[which](x) for x in part], chain.call(on_chain.map(which, part)))


@pytest.mark.parametrize(
    ("which", "outside"), [(0, EXP_MAXIMUM + 1), (1, 0), (1, -1), (1, 1 << 224), (2, -1), (2, 1 << 160)]
)
def test_outside_of_the_range(chain, on_chain, which: int, outside: int) -> None:
    with pytest.raises(TransactionReverted, match="OutOfRange"):
        chain.call(on_chain.map(which, [outside]))
    with pytest.raises((OverflowError, ValueError)):
        FUNCTIONS[which](outside)


def test_premiums_and_sensitivities(chain, on_chain) -> None:
    terms = options(300)
    ours = [
        [*black76(forward, strike, total, discount), *greeks(forward, strike, total, seconds, discount)]
        for forward, strike, total, seconds, discount in terms
    ]
    for at in range(0, len(terms), 60):
        same(ours[at : at + 60], chain.call(on_chain.price(terms[at : at + 60])))
    assert len({tuple(row) for row in ours}) > 200, "the cases differ"


def test_deviations(chain, on_chain) -> None:
    source = random.Random(3)
    terms = [(source.randint(0, 10**19), source.randint(0, 4 * YEAR_SECONDS)) for _ in range(100)]
    same([deviation(*term) for term in terms], chain.call(on_chain.deviations(terms)))


def test_smiles(chain, on_chain) -> None:
    source = random.Random(5)
    for _ in range(15):
        smile = Smile(
            *(
                round(source.uniform(low, high) * E18)
                for low, high in ((-0.01, 1), (0.1, 2), (-1, 1), (-2, 2), (0.1, 3))
            )
        )
        points = [round(source.uniform(-9, 9) * X96) for _ in range(20)]
        ours = [[total_variance(smile, k), clipped_variance(smile, k)] for k in points]
        same(ours, chain.call(on_chain.variances(tuple(smile), points)))


def test_a_quotient_that_is_cut_off_is_noticed(chain) -> None:
    """The twin divides as Solidity does, towards zero."""
    broken = deploy(chain, "TestPricing", twin="pricing-truncates").functions
    points = [x for x in arguments(0, 150) if x < 0]
    assert [exp(x) for x in points] != chain.call(broken.map(0, points))


def test_gas_of_a_price(chain, on_chain) -> None:
    """A strike's array is 17 of these; the bound is far below what a step may take."""
    used = chain.call(on_chain.premiumGas(50_000 * E18, 52_000 * E18, X96 // 5))
    assert used < 6_000
