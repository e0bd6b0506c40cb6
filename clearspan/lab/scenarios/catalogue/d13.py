"""FutureSwap, Sharwa, Moonwell: units were mixed up, health was checked too early, one feed was believed."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, USD
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, drain_into, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import assess, equity
from exchange.state import Side


def attack(_stage: Stage) -> Verdict:
    """A token of 18 decimals among those of 6 backs what it can, and orders are sized until their last is refused."""
    floor = floor_at()
    floor.open_account(usd=500_000)
    thief, friend = floor.open_account(weth=1), floor.open_account(usd=100_000)
    worth = 3_000 * USD
    unhealthy = 0
    for size in (8, 4, 2, 1, 0.5, 0.25, 0.1, 0.05):
        floor.attempt(floor.order(friend, BTC, Side.ASK, 50_000, size))
        if floor.attempt(floor.order(thief, BTC, Side.BID, 50_000, size)) == "accepted":
            report = assess(floor.state, thief)
            unhealthy += report.backing < report.initial
        floor.attempt(floor.cancel_all(friend))
    drain_into(floor, thief, friend, 50_000)
    floor.take_all(friend)
    lost = max(0, -(floor.equity(thief) - equity.total_collateral(floor.state, floor.state.accounts[thief].collateral)))
    return Verdict(
        survived=lost <= worth and not unhealthy,
        detail=f"collateral of {dollars(worth)} bore a loss of {dollars(lost)}; after {unhealthy} accepted orders the "
        "account was short of its requirement",
    )


SCENARIO = Scenario(
    identifier="D13",
    title="Units are mixed up, and health is checked too early",
    group="venue",
    source="FutureSwap, Jan 2026; Sharwa; Moonwell",
    attack=attack,
    twin=Twin(
        mutation="a token's decimals are taken for six",
        patch=partial(edited, equity, "collateral_scale", "asset.decimals + 8", "6 + 8"),
    ),
)
