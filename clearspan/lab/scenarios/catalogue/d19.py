"""BitMEX: after an outage, orders and stops from before it were carried out."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import steps
from exchange.state import OrderFlag, Side, TimeInForce
from exchange.state.pricing import Pricing

OUTAGE_SECONDS = 1_500


def attack(_stage: Stage) -> Verdict:
    """The last price before an outage crosses a stop, a market order waits in a queue; a thief bids far below."""
    floor = floor_at()
    holder, other, thief = (floor.open_account(usd=100_000) for _ in range(3))
    floor.sell(other, 50_000, 2)
    floor.buy(holder, 50_000, 1)
    floor.buy(thief, 45_500, 2)
    flags = OrderFlag.TRIGGER_BELOW | OrderFlag.REDUCE_ONLY
    floor.do(floor.order(holder, BTC, Side.ASK, 45_000, 1, TimeInForce.IOC, flags=flags, trigger=49_000))
    late = floor.order(holder, BTC, Side.ASK, 45_000, 1, TimeInForce.IOC, expiry=floor.state.header.clock + 30)
    floor.price(btc=48_900)
    floor.wait(OUTAGE_SECONDS)
    fired = floor.attempt(steps.trigger(BTC))
    taken = floor.attempt(late)
    floor.price(btc=50_100)
    again = floor.attempt(steps.trigger(BTC))
    position = floor.state.accounts[holder].positions.get(BTC)
    left = position.size if position else 0
    return Verdict(
        survived=left == UNIT and floor.hole() == 0,
        detail=f"after {OUTAGE_SECONDS // 60} minutes the stop: {fired}, the order from the queue: {taken}; at the "
        f"next price the stop: {again}; the holder has {left / UNIT:g} BTC and {dollars(floor.equity(holder))}",
    )


SCENARIO = Scenario(
    identifier="D19",
    title="Late orders and stops are processed after an outage",
    group="venue",
    source="BitMEX, 13 Mar 2020",
    attack=attack,
    twin=Twin(
        mutation="a round never gets old",
        patch=partial(edited, Pricing, "of", "mark.time + staleness", "FOREVER"),
    ),
)
