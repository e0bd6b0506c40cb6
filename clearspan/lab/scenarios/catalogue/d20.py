"""BitMEX: the insurance fund stayed with the contract that had expired, and winners were deleveraged for nothing."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, BTC_SPEC, START, UNIT, USD, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, endow
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import ExpirySpec, MarketSpec, means
from exchange.state.market import MarketKind

INSURANCE = 10_000
NEAR, FAR = START + 4_000, START + 40_000


def attack(_stage: Stage) -> Verdict:
    """The fund is filled while one future trades; that one expires, and in the next an account goes bankrupt."""
    floor = Floor((future(0), future(1)), expiries=tuple(ExpirySpec(underlying=BTC, time=time) for time in (NEAR, FAR)))
    floor.state.underlyings[BTC].deviation = 10**7
    floor.price(btc=50_000)
    winner, loser = floor.open_account(usd=1_000_000), floor.open_account(usd=6_000)
    endow(floor, 0, INSURANCE)
    floor.sell(winner, 50_000, 1)
    floor.buy(loser, 50_000, 1)
    before = floor.equity(0)
    while floor.state.header.clock < NEAR + 60:
        floor.wait(49)
        floor.price(btc=50_000)
        floor.keep()
    rolled = floor.equity(0) - before
    floor.sell(winner, 50_000, 1, market=1)
    floor.buy(loser, 50_000, 1, market=1)
    due = floor.equity(winner) + 10_000 * USD
    floor.price(btc=40_000)
    floor.keep()
    lost = due - floor.equity(winner)
    return Verdict(
        survived=rolled >= 0 and lost <= 0 and floor.hole() == 0,
        detail=f"over the expiry the fund changed by {dollars(rolled)}; then it paid "
        f"{dollars(before - floor.equity(0))} of a deficit, and the winner was denied {dollars(lost)}",
    )


def future(expiry: int) -> MarketSpec:
    """Of one of the expiries, without fees."""
    return MarketSpec(
        symbol=f"BTC-{expiry}",
        underlying=BTC,
        tick=BTC_SPEC.tick,
        lot=BTC_SPEC.lot,
        min_size=BTC_SPEC.min_size,
        open_interest_cap=100 * UNIT,
        kind=MarketKind.FUTURE,
        expiry=expiry,
        taker_fee=0,
        maker_fee=0,
        liquidation_fee=0,
    )


SCENARIO = Scenario(
    identifier="D20",
    title="The insurance fund is lost at an expiry",
    group="venue",
    source="BitMEX, 2 Apr 2019",
    attack=attack,
    twin=Twin(
        mutation="the fund's cash does not count when a bankruptcy price is found",
        patch=partial(edited, means, "deficit", "lacking - max(0, state.accounts[0].cash)", "lacking"),
    ),
)
