"""Venus and LUNA: a feed stood at its floor while what it priced was worth next to nothing."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import ETH, UNIT, USD, USDC_A, WETH
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, drain_into, floor_at
from clearspan.lab.scenarios.moves import swapped
from exchange.engine import oracle

FLOOR, TRUE = 1_000, 1


def attack(_stage: Stage) -> Verdict:
    """A coin falls to a dollar, its feeds stop at 1,000; a thief brings a hundred of it and loses on its credit."""
    floor = floor_at(eth=1_200)
    floor.state.underlyings[ETH].minimum = FLOOR * UNIT
    floor.open_account(usd=500_000)
    thief, friend = floor.open_account(weth=0.01), floor.open_account(usd=100_000)
    outcomes = []
    for minute in range(60):
        floor.wait(60)
        floor.price(btc=50_000)
        outcomes.append(floor.attempt(floor.reports(ETH, [FLOOR] * 4)))
        floor.mark()
        if minute == 0:
            floor.deposit(thief, WETH, 100 * 10**18)
    drain_into(floor, thief, friend, 50_000)
    floor.take_all(friend)
    floor.attempt(floor.withdraw(thief, USDC_A, USD))
    floor.state.underlyings[ETH].minimum = 0
    floor.wait(100)
    floor.price(btc=50_000, eth=TRUE)
    hole = floor.hole()
    return Verdict(
        survived=hole == 0,
        detail=f"feeds at their floor: {', '.join(sorted(set(outcomes)))}; at the true price the venue lacks "
        f"{dollars(hole)}",
    )


SCENARIO = Scenario(
    identifier="D14",
    title="A feed stands at its bound",
    group="venue",
    source="Venus LUNA, May 2022",
    attack=attack,
    twin=Twin(
        mutation="a feed at its bound speaks like any other",
        patch=partial(swapped, oracle, "_speaks", lambda *_: True),
    ),
)
