"""Mango: what a price was pushed to for a minute was borrowed against and withdrawn."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import USD
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, drain_into, floor_at, walk
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import equity


def attack(_stage: Stage) -> Verdict:
    """One owner, two accounts: the price of the one's collateral is trebled, and it loses to the other what it can."""
    floor = floor_at()
    floor.open_account(usd=500_000)
    pumped, winner = floor.open_account(weth=10), floor.open_account(usd=100_000)
    brought = 100_000 * USD + floor.equity(pumped)
    walk(floor, 3_000, 9_000, underlying="eth")
    drain_into(floor, pumped, winner, 50_000)
    floor.take_all(winner)
    floor.take_all(pumped)
    walk(floor, 9_000, 3_000, underlying="eth")
    hole, taken = floor.hole(), floor.taken(pumped, winner)
    return Verdict(
        survived=hole == 0 and taken <= brought,
        detail=f"brought {dollars(brought)}, withdrew {dollars(taken)}; the venue lacks {dollars(hole)}",
    )


SCENARIO = Scenario(
    identifier="D1",
    title="One owner's two accounts push a price and withdraw what it lends",
    group="venue",
    source="Mango, 11 Oct 2022, $112M",
    attack=attack,
    twin=Twin(
        mutation="collateral backs new risk at the index alone, not at the lower of index and slow average",
        patch=partial(
            edited,
            equity,
            "backing_collateral",
            "min(underlying.round_price, underlying.slow_price)",
            "underlying.round_price",
        ),
    ),
)
