"""KelpDAO's contagion: unbacked collateral was borrowed against in the minutes after it was made."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, USD, USDC_B, WETH, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, drain_into, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import ForcedItem, ItemKind, apply_forced, assess, equity

SICK = 1


def attack(_stage: Stage) -> Verdict:
    """A chain is found sick; a thief borrows against what it holds there, others run, a holder has a position open."""
    floor = floor_at()
    runners = [floor.open_account(usd=100_000) for _ in range(2)]
    stayer, thief = floor.open_account(), floor.open_account(weth=100)
    floor.deposit(stayer, USDC_B, 100_000 * USD)
    holder = floor.open_account(usd=1_000, weth=10)
    floor.sell(runners[0], 50_000, 2)
    floor.buy(holder, 50_000, 2)
    before = floor.equity(holder)
    for asset in (WETH, USDC_B):
        report_sick(floor, asset)
    borrowed = floor.equity(thief)
    drain_into(floor, thief, runners[1], 50_000)
    borrowed -= floor.equity(thief)
    taken = [sum(floor.take_all(runner) for _ in range(6)) for runner in runners]
    left = assess(floor.state, stayer).withdrawable
    floor.keep()
    held = BTC in floor.state.accounts[holder].positions and floor.equity(holder) == before
    # Of 301,000 USD of cash 201,000 are on the healthy chain: a share of two thirds each.
    fair = left >= 100_000 * USD * 201 // 301 - 1_000 * USD
    return Verdict(
        survived=borrowed <= 0 and held and fair,
        detail=f"borrowed against the sick chain's collateral: {dollars(borrowed)}; those who ran took "
        f"{', '.join(map(dollars, taken))}, who stayed may take {dollars(left)}; the open position was "
        f"{'let alone' if held else 'liquidated'}",
    )


def report_sick(floor: Floor, asset: int) -> None:
    """As the settlement chain's queue does when a client is frozen or stale."""
    item = ForcedItem(
        kind=ItemKind.CHAIN_HEALTH,
        account=0,
        owner=bytes(20),
        asset=asset,
        amount=SICK,
        packet_id=bytes(32),
        enqueued_at=floor.state.header.clock,
    )
    apply_forced(floor.state, item)


SCENARIO = Scenario(
    identifier="D23",
    title="Unbacked collateral is borrowed against",
    group="venue",
    source="KelpDAO, 18 Apr 2026, >$190M borrowed",
    attack=attack,
    twin=Twin(
        mutation="collateral of a sick chain backs new risk",
        patch=partial(edited, equity, "backing_collateral", "if not asset.health:", "if True:"),
    ),
)
