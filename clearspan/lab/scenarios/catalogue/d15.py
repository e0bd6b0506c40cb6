"""Compound: one exchange printed 1.30 for a dollar, and borrowers were liquidated by it."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import oracle


def attack(_stage: Stage) -> Verdict:
    """One of three sources prints 30 % up, then 30 % down, wherever it stands among them; liquidators act each time."""
    floor = floor_at()
    long, short = floor.open_account(usd=10_000), floor.open_account(usd=10_000)
    bidder = floor.open_account(usd=1_000_000)
    floor.sell(short, 50_000, 1)
    floor.buy(long, 50_000, 1)
    before = floor.equity(long), floor.equity(short)
    for spike in (65_000, 35_000):
        for feeds in ([spike, 50_000, 50_000], [50_000, spike, 50_000], [50_000, 50_000, spike]):
            floor.wait(1)
            floor.attempt(floor.reports(BTC, feeds))
            floor.mark()
            floor.attempt(floor.order(bidder, BTC, int(spike > 50_000), spike, 1))
            floor.keep()
    floor.price(btc=50_000)
    after = floor.equity(long), floor.equity(short)
    held = sum(BTC in floor.state.accounts[account].positions for account in (long, short))
    return Verdict(
        survived=held == 2 and before == after,
        detail=f"{held} of 2 positions outlived the prints; worth before {dollars(sum(before))}, after "
        f"{dollars(sum(after))}",
    )


SCENARIO = Scenario(
    identifier="D15",
    title="One venue's spike liquidates",
    group="venue",
    source="Compound DAI, 26 Nov 2020, $89M",
    attack=attack,
    twin=Twin(
        mutation="the highest report is the price, not the median",
        patch=partial(edited, oracle, "oracle_report", "prices[(len(prices) - 1) // 2]", "prices[-1]"),
    ),
)
