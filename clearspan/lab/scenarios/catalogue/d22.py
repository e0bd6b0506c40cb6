"""Arbitrum: the sequencer stood still for 78 minutes, and what had waited came all at once."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT, USD, USDC_A, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import oracle

OUTAGE_SECONDS = 78 * 60
CAP = 7_500


def attack(_stage: Stage) -> Verdict:
    """The price falls during the outage; liquidators come first when it ends, a forced deposit after them."""
    floor = floor_at(funding_cap=CAP)
    holder, other = floor.open_account(usd=6_000), floor.open_account(usd=1_000_000)
    floor.sell(other, 50_000, 1)
    floor.buy(holder, 50_000, 1)
    premium(floor, other)
    index = floor.state.markets[BTC].funding_index
    queued = floor.state.header.clock + 600
    floor.wait(OUTAGE_SECONDS)
    floor.price(btc=46_000)
    floor.attempt(floor.order(other, BTC, 0, 45_500, 1))
    floor.keep()
    floor.deposit(holder, USDC_A, 10_000 * USD, enqueued_at=queued)
    for _ in range(3):
        floor.wait(40)
        floor.price(btc=46_000)
        floor.keep()
    position = floor.state.accounts[holder].positions.get(BTC)
    held = position is not None and position.size == UNIT
    charged = (floor.state.markets[BTC].funding_index - index) * UNIT // 10**14
    hour = 50_000 * CAP
    return Verdict(
        survived=held and charged <= hour and floor.hole() == 0,
        detail=f"after {OUTAGE_SECONDS // 60} minutes the holder, whose deposit waited in the forced queue, "
        f"{'kept its position' if held else 'had been liquidated'}; funding of the outage: {dollars(charged)}, "
        f"an hour's cap is {dollars(hour)}",
    )


def premium(floor: Floor, maker: int) -> None:
    """A book above its index for ten samples before the outage."""
    floor.buy(maker, 51_000, 1)
    floor.sell(maker, 51_100, 1)
    for _ in range(12):
        floor.wait(5)
        floor.price(btc=50_000)
    floor.do(floor.cancel_all(maker))


SCENARIO = Scenario(
    identifier="D22",
    title="The sequencer stands still and resumes",
    group="venue",
    source="Arbitrum, 15 Dec 2023, 78 min",
    attack=attack,
    twin=Twin(
        mutation="the end of an outage is not noted",
        patch=partial(
            edited, oracle, "oracle_report", "underlying.resumed_at = state.header.clock", "underlying.resumed_at = 0"
        ),
    ),
)
