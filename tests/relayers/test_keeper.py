"""The keeper carries the waterfall to its end without being told what comes next."""

from __future__ import annotations

from dataclasses import replace

from exchange.engine import invariants, try_apply
from relayers.keeper import LiquidationKeeper
from tests.exchange.engine.conftest import Venue

UNIT = 10**8
USD = 10**6


class Sink:
    """Applies to a venue's state."""

    def __init__(self, venue: Venue) -> None:
        self.state = venue.state

    def submit(self, step: bytes) -> object:
        return try_apply(self.state, step)


def bankrupt(backstop: int) -> Venue:
    """Account 2 is short 500 at 1 with 100 USD, and the price is 2; the fund has 50."""
    spec = replace(
        Venue.MARKETS[0], lot=UNIT, min_size=UNIT, tick=UNIT // 1000, liquidation_fee=0, taker_fee=0, maker_fee=0
    )
    venue = Venue((replace(spec, backstop_cap=backstop * USD), Venue.MARKETS[1]))
    venue.state.underlyings[0].deviation = 10**7
    venue.price(btc=1, eth=3_000)
    venue.deposit(0, 0, 50 * USD)
    venue.open_account(usd=100)
    venue.open_account(usd=100)
    venue.buy(1, 1, 500)
    venue.sell(2, 1, 500)
    venue.price(btc=2)
    return venue


def test_it_ends_with_nobody_owing_and_nothing_left_to_do() -> None:
    venue = bankrupt(0)
    keeper = LiquidationKeeper(Sink(venue))
    assert keeper.step().did
    while keeper.step().did:
        pass
    invariants.check(venue.state)
    accounts = venue.state.accounts
    assert [accounts[at].cash for at in (0, 1, 2)] == [0, 250 * USD, 0]
    assert not any(account.positions for account in accounts.values())


def test_a_venue_in_order_is_left_alone() -> None:
    venue = bankrupt(0)
    venue.deposit(2, 0, 1_000 * USD)
    before = venue.state.header.sequence
    assert not LiquidationKeeper(Sink(venue)).step().did
    assert venue.state.header.sequence == before
