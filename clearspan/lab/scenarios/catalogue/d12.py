"""Perpetual clones: anyone could move funding, as often as they liked."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.moves import swapped
from exchange.engine import funding, steps

CAP = 7_500
"""An hour's funding at most, in 1e-6."""
SECONDS, EVERY = 600, 5


def attack(_stage: Stage) -> Verdict:
    """Around a full hour a thief has a premium of their own making sampled again and again and call what they may."""
    floor = floor_at(funding_cap=CAP)
    floor.wait(-(floor.state.header.clock + SECONDS // 2) % 3_600)
    floor.price(btc=50_000)
    victim, thief, maker = (floor.open_account(usd=1_000_000) for _ in range(3))
    floor.sell(thief, 50_000, 10)
    floor.buy(victim, 50_000, 10)
    floor.buy(maker, 53_000, 5)
    floor.sell(maker, 53_100, 5)
    before = floor.state.markets[BTC].funding_index
    for _ in range(SECONDS // EVERY):
        floor.wait(EVERY - 1)
        floor.price(btc=50_000)
        poke(floor)
    paid = owed_since(floor, victim, before)
    hour = 10 * 50_000 * CAP
    return Verdict(
        survived=paid <= hour and floor.hole() == 0,
        detail=f"{SECONDS // EVERY} reports, each followed by every step that anyone may send; in {SECONDS // 60} "
        f"minutes the long paid {dollars(paid)}, an hour at the cap costs {dollars(hour)}",
    )


def poke(floor: Floor) -> None:
    """Everything that takes no signature, at every market and account."""
    for market in range(len(floor.state.markets)):
        for make in (steps.reprice, steps.trigger, steps.continue_register, steps.unwind):
            floor.attempt(make(market))
        for account in floor.state.accounts:
            for take in (steps.liquidate, steps.backstop, steps.deleverage):
                floor.attempt(take(account, market))
            floor.attempt(steps.settle_positions(market, [account]))


def owed_since(floor: Floor, account: int, before: int) -> int:
    """Funding that a long owes for what the index has risen by."""
    size = floor.state.accounts[account].positions[BTC].size
    return size * (floor.state.markets[BTC].funding_index - before) // funding.INDEX_SCALE


SCENARIO = Scenario(
    identifier="D12",
    title="Funding is moved by anyone, as often as they like",
    group="venue",
    source="Perpetual clones, Apr 2026",
    attack=attack,
    twin=Twin(
        mutation="an hour of funding is over in a minute",
        patch=partial(swapped, funding, "HOUR_SECONDS", 60),
    ),
)
