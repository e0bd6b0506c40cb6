from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from exchange.engine.rounding import div_down, div_up, mul_div_down, mul_div_up
from exchange.engine.settlement import settle
from exchange.state.account import Account, Position

INTS = st.integers(-(2**140), 2**140)
POSITIVE = st.integers(1, 2**80)


@given(INTS, POSITIVE)
def test_division_goes_the_way_it_says(value: int, by: int) -> None:
    assert div_down(value, by) == floor(Fraction(value, by))
    assert div_up(value, by) == ceil(Fraction(value, by))


@given(INTS, POSITIVE, POSITIVE)
def test_products_too(value: int, factor: int, by: int) -> None:
    assert mul_div_down(value, factor, by) == floor(Fraction(value * factor, by))
    assert mul_div_up(value, factor, by) == ceil(Fraction(value * factor, by))


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 10**6)), max_size=30))
def test_settling_conserves_and_keeps_costs_bounded(trades: list[tuple[int, int]]) -> None:
    account, position = Account(b"a" * 20), Position()
    highest = max((price for _, price in trades), default=0)
    paid = 0
    for size, price in trades:
        settle(account, position, size, abs(size) * price)
        paid += size * price
        assert account.cash - position.cost == -paid
        assert position.size * position.cost >= 0
        assert abs(position.cost) <= abs(position.size) * highest
        if not position.size:
            assert position.cost == 0
    assert position.size == sum(size for size, _ in trades)


def test_a_partial_close_realises_down() -> None:
    account, position = Account(b"a" * 20), Position(3, 10)
    settle(account, position, -1, 5)
    assert (account.cash, position) == (1, Position(2, 6))  # 5 - 10/3 = 1.67
    account, position = Account(b"a" * 20), Position(-3, -10)
    settle(account, position, 1, 2)
    assert (account.cash, position) == (1, Position(-2, -7))  # 10/3 - 2 = 1.33
