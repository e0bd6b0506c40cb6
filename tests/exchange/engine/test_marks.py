"""A perpetual's mark: the median of index plus average basis, book and last trade; collateral knows only the index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exchange.engine import assess
from tests.exchange.engine.conftest import BTC_SPEC, ETH, ETH_SPEC, UNIT, USD, Venue
from tests.exchange.engine.derivatives import PERPETUAL, Derivatives

INDEX = 50_000


def marked(*, bid: float | None, ask: float | None, last: float, seconds: int = 60) -> tuple[Derivatives, float]:
    """A venue with this book and this last trade, and its mark after some time."""
    venue = Derivatives()
    for _ in range(3):
        venue.open_account(usd=1_000_000)
    venue.tick(INDEX)
    venue.sell(2, last, 0.001, market=PERPETUAL)
    venue.buy(1, last, 0.001, market=PERPETUAL)
    if bid is not None:
        venue.buy(3, bid, 2, market=PERPETUAL)
    if ask is not None:
        venue.sell(3, ask, 2, market=PERPETUAL)
    for _ in range(0, seconds, 20):
        venue.tick(INDEX, 20)
    return venue, venue.state.pricing[PERPETUAL].mark / UNIT


@pytest.mark.parametrize(
    ("bid", "ask", "last", "which"),
    [
        (50_200, 50_300, 49_900, "fair"),
        (50_200, 50_300, 50_600, "middle"),
        (50_200, 50_300, 50_100, "last"),
        (49_700, 49_800, 50_600, "fair"),
        (49_700, 49_800, 49_500, "middle"),
        (49_700, 49_800, 49_900, "last"),
    ],
)
def test_the_middle_one_of_three_is_the_mark(bid: float, ask: float, last: float, which: str) -> None:
    venue, mark = marked(bid=bid, ask=ask, last=last)
    market = venue.state.markets[PERPETUAL]
    assert 0 < abs(market.basis) < abs((bid + ask) / 2 - INDEX) * UNIT
    three = {"fair": INDEX + market.basis / UNIT, "middle": (bid + ask) / 2, "last": last}
    assert sorted(three, key=three.__getitem__)[1] == which
    assert mark == pytest.approx(three[which], abs=1e-6)


def test_the_basis_is_an_average_over_ten_minutes() -> None:
    found = [
        marked(bid=50_200, ask=50_300, last=49_900, seconds=seconds)[0].state.markets[PERPETUAL].basis / UNIT
        for seconds in (60, 600, 6_000)
    ]
    assert found[0] == pytest.approx(250 * (1 - (1 - 20 / 600) ** 3), rel=1e-6)
    assert found[1] == pytest.approx(250 * (1 - (1 - 20 / 600) ** 30), rel=1e-6)
    assert found[2] == pytest.approx(250, rel=1e-4)


@pytest.mark.parametrize(("bid", "ask"), [(None, 50_300), (50_200, None), (None, None)])
def test_half_a_book_says_nothing(bid: float | None, ask: float | None) -> None:
    _, mark = marked(bid=bid, ask=ask, last=50_600)
    assert mark == INDEX


def test_no_book_of_ours_moves_the_price_of_collateral() -> None:
    """The perpetual of the collateral's own underlying trades far above the index; nobody can borrow more for it."""
    venue = Venue((BTC_SPEC, replace(ETH_SPEC, funding_cap=7_500)))
    venue.price(btc=INDEX, eth=3_000)
    for _ in range(3):
        venue.open_account(usd=1_000_000)
    pledged = venue.open_account(usd=10, weth=10)
    before = assess(venue.state, pledged)
    for _ in range(5):
        venue.sell(1, 3_060, 1, market=ETH)
        venue.buy(2, 3_060, 1, market=ETH)
        venue.buy(3, 3_055, 20, market=ETH)
        venue.sell(1, 3_065, 20, market=ETH)
        venue.price(eth=3_000)
        venue.do(venue.cancel_all(1))
        venue.do(venue.cancel_all(3))
    assert venue.state.pricing[ETH].mark > 3_000 * UNIT
    after = assess(venue.state, pledged)
    assert (after.collateral, after.backing) == (before.collateral, before.backing)
    assert before.collateral == 10 * 3_000 * USD * 9 // 10
    # It follows the oracle.
    venue.price(eth=3_100)
    assert assess(venue.state, pledged).collateral > before.collateral
