"""What is simulated is what happens, and simulating changes nothing."""

from __future__ import annotations

from random import Random

import pytest

from exchange.engine import (
    Rejected,
    apply,
    assess,
    invariants,
    simulate_order,
    simulate_price,
    simulate_withdrawal,
    try_apply,
)
from exchange.engine.liquidation_price import liquidation_ranges
from exchange.state import Side, TimeInForce
from tests.exchange.engine.test_properties import fingerprint

UNIT = 10**8


@pytest.mark.parametrize("seed", range(4))
def test_simulated_and_executed_are_the_same(venue, seed: int) -> None:
    random = Random(seed)
    taken = refused = 0
    for _ in range(80):
        account, market, side = random.randint(1, 2), random.randint(0, 1), Side(random.randint(0, 1))
        mark = (50_000, 3_000)[market]
        price = round(mark * random.choice([0.98, 0.999, 1, 1.001, 1.02]))
        size = random.choice([0.01, 1, 5, 30])
        tif = TimeInForce(random.randint(0, 3))
        before = fingerprint(venue.state)
        if random.random() < 0.2:
            amount = random.choice([10**6, 10**10, 9 * 10**10])
            simulated = simulate_withdrawal(venue.state, account, asset=0, amount=amount)
            step = venue.withdraw(account, 0, amount)
        else:
            simulated = simulate_order(
                venue.state,
                account,
                market=market,
                side=side,
                price=price * UNIT,
                size=round(size * UNIT),
                time_in_force=tif,
            )
            step = venue.order(account, market, side, price, size, tif)
        assert fingerprint(venue.state) == before
        try:
            events = try_apply(venue.state, step)
        except Rejected as rejection:
            refused += 1
            assert simulated.reason == rejection.reason  # noqa: PT017
            continue
        taken += 1
        invariants.check(venue.state)
        assert simulated.reason is None
        assert [type(event) for event in simulated.events] == [type(event) for event in events]
        assert simulated.after == assess(venue.state, account)
    assert taken > 10
    assert refused > 3


def test_a_move_of_the_price(venue) -> None:
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    before = fingerprint(venue.state)
    simulated = simulate_price(venue.state, 2, underlying=0, price=47_000 * UNIT)
    assert fingerprint(venue.state) == before
    venue.price(btc=47_000)
    assert simulated.after == assess(venue.state, 2)
    assert simulated.before.equity - simulated.after.equity == 6_000 * 10**6


def test_what_is_refused_leaves_margin_as_it_is(venue) -> None:
    simulated = simulate_order(venue.state, 1, market=0, side=Side.BID, price=50_000 * UNIT, size=1_000 * UNIT)
    assert simulated.reason == "InsufficientMargin"
    assert simulated.after == simulated.before
    apply(venue.state, b"")


def test_the_end_of_an_account_is_told_for_every_underlying_it_depends_on(venue) -> None:
    account = venue.open_account(usd=1_000, weth=10)
    venue.sell(1, 50_000, 4)
    venue.buy(account, 50_000, 4)
    found = {row.underlying: row for row in liquidation_ranges(venue.state, account)}
    assert set(found) == {0, 1}
    for underlying, row in found.items():
        assert row.above is None
        assert row.below is not None
        for price, short in ((row.below, True), (row.below + 1, False)):
            after = simulate_price(venue.state, account, underlying=underlying, price=price).after
            assert after.is_liquidatable == short, underlying
    (row,) = liquidation_ranges(venue.state, 1)
    assert (row.below, row.above is None) == (None, False)
    assert liquidation_ranges(venue.state, venue.open_account(usd=5)) == ()


def test_who_is_liquidatable_now_is_told_the_price_of_now(venue) -> None:
    account = venue.open_account(usd=22_000)
    venue.sell(1, 50_000, 4)
    venue.buy(account, 50_000, 4)
    venue.price(btc=46_000)
    assert assess(venue.state, account).is_liquidatable
    (row,) = liquidation_ranges(venue.state, account)
    assert row.below == row.above == 46_000 * UNIT
