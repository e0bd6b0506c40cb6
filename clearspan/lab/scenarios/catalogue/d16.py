"""deUSD: one trade in a thin pool was a price, and liquidated elsewhere."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import marking


def attack(_stage: Stage) -> Verdict:
    """A thief trades a little with itself far above, in an empty book; a victim is short with little room."""
    floor = floor_at(funding_cap=7_500)
    victim, other = floor.open_account(usd=5_100), floor.open_account(usd=1_000_000)
    thieves = [floor.open_account(usd=10_000) for _ in range(2)]
    floor.buy(other, 50_000, 1)
    floor.sell(victim, 50_000, 1)
    marks = []
    for _ in range(10):
        price = floor.mark_of(BTC) * 1.09
        floor.attempt(floor.order(thieves[0], BTC, 1, round(price), 0.001))
        floor.attempt(floor.order(thieves[1], BTC, 0, round(price), 0.001))
        floor.price(btc=50_000)
        marks.append(floor.mark_of(BTC))
        floor.attempt(floor.order(thieves[0], BTC, 1, round(marks[-1]), 0.05))
        floor.keep()
    kept = BTC in floor.state.accounts[victim].positions
    return Verdict(
        survived=kept and floor.hole() == 0,
        detail=f"the index stood at 50,000; ten trades of 0.001 moved the mark to {max(marks):,.0f} at most; "
        f"the victim {'holds its position' if kept else 'was liquidated'} and has {dollars(floor.equity(victim))}",
    )


SCENARIO = Scenario(
    identifier="D16",
    title="A trade in a thin pool moves a price elsewhere",
    group="venue",
    source="deUSD, 29 May 2025, $0.5M",
    attack=attack,
    twin=Twin(
        mutation="a mark is the last trade",
        patch=partial(
            edited, marking, "perpetual_mark", "min(PRICE_LIMIT - 1, index + bound, median)", "market.last_price"
        ),
    ),
)
