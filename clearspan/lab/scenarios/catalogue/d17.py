"""bZx: a pool's price was the oracle's, and borrowed money moved it within one transaction."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, USD
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import marking

RICHES = 100_000_000
SECONDS = 5


def attack(_stage: Stage) -> Verdict:
    """For a few seconds a thief has money without end, owns the book and moves it as far as bands let it."""
    floor = floor_at(funding_cap=7_500)
    victim, other = floor.open_account(usd=6_100), floor.open_account(usd=1_000_000)
    thieves = [floor.open_account(usd=RICHES) for _ in range(2)]
    floor.buy(other, 50_000, 1)
    floor.sell(victim, 50_000, 1)
    second_print = False
    for _ in range(SECONDS):
        price = round(floor.mark_of(BTC) * 1.08)
        for thief, side, offset, size in ((0, 1, 100, 40), (1, 0, 0, 20), (1, 0, 100, 20)):
            floor.attempt(floor.order(thieves[thief], BTC, side, price + offset, size))
        floor.price(btc=50_000)
        second_print |= floor.attempt(floor.reports(BTC, [54_000] * 3)) == "accepted"
        floor.keep()
    kept = BTC in floor.state.accounts[victim].positions
    mark = floor.mark_of(BTC)
    return Verdict(
        survived=kept and not second_print and floor.hole() == 0,
        detail=f"with {dollars(RICHES * USD)} in {SECONDS} seconds the mark went to {mark:,.0f}, the index stayed at "
        f"50,000; a second price within a second was {'taken' if second_print else 'refused'}; the victim "
        f"{'still holds its position' if kept else 'was liquidated'}",
    )


SCENARIO = Scenario(
    identifier="D17",
    title="A book is the oracle for as long as borrowed money lasts",
    group="venue",
    source="bZx, 2020",
    attack=attack,
    twin=Twin(
        mutation="a mark may leave its index as far as the book does",
        patch=partial(
            edited,
            marking,
            "perpetual_mark",
            "max(1, index - bound, min(PRICE_LIMIT - 1, index + bound, median))",
            "max(1, min(PRICE_LIMIT - 1, median))",
        ),
    ),
)
