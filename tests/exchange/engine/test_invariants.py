"""The checker sees what it is for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exchange.engine import invariants
from exchange.engine.invariants import InvariantError
from exchange.state import State
from exchange.state.account import Position
from exchange.state.book import Book


def forget_the_index(state: State) -> None:
    state.books[0] = Book()


def swap_heads(state: State) -> None:
    first, second = state.orders[0][0], state.orders[0][1]
    first.price, second.price = second.price, first.price


def lose_a_slot(state: State) -> None:
    state.markets[0].free_head = 0


BREAKS: list[tuple[Callable[[State], object], str]] = [
    (lambda state: setattr(state.accounts[1], "cash", state.accounts[1].cash + 1), "cash: owed"),
    (lambda state: setattr(state.markets[0], "fees", 0), "cash: owed"),
    (lambda state: state.accounts[3].collateral.update({2: 5}), "collateral"),
    (lambda state: setattr(state.accounts[1].positions[0], "size", 5), "sum to zero"),
    (lambda state: setattr(state.markets[0], "open_interest", 5), "open interest"),
    (lambda state: setattr(state.orders[0][1], "remaining", 10**5), "recorded"),
    (lambda state: setattr(state.orders[0][1], "remaining", 0), "is empty"),
    (lambda state: setattr(state.orders[0][1], "side", 0), "wrong side"),
    (lambda state: setattr(state.orders[0][1], "previous", 0), "not linked back"),
    (swap_heads, "price-time order"),
    (lose_a_slot, "slots are lost"),
    (forget_the_index, "index differs"),
    (lambda state: state.accounts[2].positions.update({1: Position()}), "empty record"),
    (lambda state: setattr(state.header, "account_count", 1), "header"),
    (lambda state: state.withdrawals.pop(), "withdrawals"),
]


@pytest.fixture
def busy(venue):
    """Positions, two asks of account 1 in slots 0 and 1, a free slot, collateral, a withdrawal."""
    venue.open_account(weth=1)
    venue.sell(1, 50_010, 1)
    venue.sell(1, 50_020, 1)
    (placed,) = venue.sell(2, 50_000, 1)
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.do(venue.withdraw(2, 0, 5))
    assert placed.slot == 2
    return venue


@pytest.mark.parametrize(("damage", "message"), BREAKS)
def test_damage_is_seen(busy, damage: Callable[[State], object], message: str) -> None:
    invariants.check(busy.state)
    damage(busy.state)
    with pytest.raises(InvariantError, match=message):
        invariants.check(busy.state)


def test_conservation_names_its_parts(busy) -> None:
    sums = invariants.conservation(busy.state)
    assert sums.difference == 0
    assert sums.credited == 200_000 * 10**6 - 5
    assert sums.collateral == sums.inventory == {2: 10**18}
    assert (sums.cost, sums.fees, sums.funding) == (0, 35 * 10**6, 0)
