"""Synthetix: two feeds were left, one of them a thousand times too high, and their average was a price."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.moves import swapped
from exchange.state import Config

WILD = 5_000_000


def attack(_stage: Stage) -> Verdict:
    """A thief is long against a victim; of three feeds one goes wild and the others fall silent one by one."""
    floor = floor_at(btc=5_000)
    victim, thief = floor.open_account(usd=10_000), floor.open_account(usd=10_000)
    floor.open_account(usd=1_000_000)
    floor.sell(victim, 5_000, 1)
    floor.buy(thief, 5_000, 1)
    before = floor.equity(victim)
    outcomes = []
    for feeds in ([5_000, 5_000, WILD], [5_000, WILD], [WILD]):
        floor.wait(100)
        for _ in range(3):
            floor.wait(floor.config.oracle_staleness // 2)
            outcome = floor.attempt(floor.reports(BTC, feeds))
            floor.mark()
            floor.keep()
        outcomes.append(outcome)
    floor.wait(100)
    floor.price(btc=5_000)
    kept = BTC in floor.state.accounts[victim].positions
    return Verdict(
        survived=kept and floor.equity(victim) == before and floor.hole() == 0,
        detail=f"three, two and one feed: {', '.join(outcomes)}; the price is "
        f"{floor.state.underlyings[BTC].price / UNIT:,.0f}; a victim of {dollars(before)} has "
        f"{dollars(floor.equity(victim))}",
    )


SCENARIO = Scenario(
    identifier="D8",
    title="Feeds fall out until two remain, one of them wild",
    group="venue",
    source="Synthetix sKRW, Jun 2019",
    attack=attack,
    twin=Twin(
        mutation="one report makes a price",
        patch=partial(swapped, Config, "reports_needed", property(lambda _: 1)),
    ),
)
