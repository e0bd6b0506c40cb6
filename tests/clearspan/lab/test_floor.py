"""What verdicts on the engine are made of can say yes and no."""

import pytest

from clearspan.lab.floor import BTC, USD, USDC_A, Floor
from clearspan.lab.scenarios.dealing import drain_into, floor_at, walk
from exchange.engine.invariants import InvariantError


@pytest.fixture
def floor():
    """Account 1 is short one BTC with 6,000 USD, account 2 long with plenty."""
    made = floor_at()
    made.open_account(usd=6_000)
    made.open_account(usd=1_000_000)
    made.buy(2, 50_000, 1)
    made.sell(1, 50_000, 1)
    return made


def test_the_hole_is_what_neither_the_account_nor_the_fund_can_pay(floor):
    assert floor.hole() == 0
    floor.price(btc=60_000)
    owed = -floor.equity(1)
    assert owed > 4_000 * USD
    assert floor.hole() == owed
    floor.deposit(0, USDC_A, 1_000 * USD)
    assert floor.hole() == owed - 1_000 * USD


def test_the_hole_is_found_only_in_a_state_that_holds_together(floor):
    floor.state.accounts[2].cash += 1
    with pytest.raises(InvariantError):
        floor.hole()


def test_keepers_leave_nobody_below_maintenance(floor):
    walk(floor, 50_000, 60_000)
    assert BTC not in floor.state.accounts[1].positions
    assert floor.hole() == 0
    assert floor.keep() == 0


def test_who_takes_everything_takes_no_more_than_there_is(floor):
    taken = floor.take_all(2)
    assert 0 < taken == floor.taken(2) < 1_000_000 * USD
    assert floor.take_all(2) == 0
    assert floor.taken(1) == 0


def test_money_moves_between_accounts_as_far_as_margin_lets_it(floor):
    loser, winner = floor.open_account(usd=20_000), floor.open_account(usd=100_000)
    before = floor.equity(loser)
    drain_into(floor, loser, winner, 50_000)
    assert before // 2 < before - floor.equity(loser) <= before
    assert floor.hole() == 0


def test_a_refused_step_says_why(floor):
    assert floor.attempt(floor.withdraw(1, USDC_A, 10**12)) == "InsufficientBalance"
    assert floor.attempt(floor.withdraw(2, USDC_A, 1)) == "accepted"
    assert Floor().attempt(b"\xff") == "Malformed"
