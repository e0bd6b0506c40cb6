"""KelpDAO's contagion: unbacked collateral was borrowed against in the minutes after it was made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bridge.abi import ZERO_ADDRESS
from bridge.payloads import DepositMessage
from bridge.settlement import ForcedQueue
from clearspan.lab.floor import BTC, USD, USDC_B, WETH, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, drain_into, floor_at
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, forged, stolen
from clearspan.lab.scenarios.mutation import edited
from clearspan.lab.world import VENUE, World
from exchange.engine import ForcedItem, ItemKind, Rejected, Signer, apply_forced, assess, equity, sign_place_order
from relayers.health_reporter import HealthReporter
from relayers.store import Store
from relayers.watching import Watcher

SICK = 1
BLOCKS = 3
"""Of the settlement chain, from the theft to the venue's knowing."""


def attack(stage: Stage) -> Verdict:
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
    blocks, order = through_the_bridge(stage)
    # Of 301,000 USD of cash 201,000 are on the healthy chain: a share of two thirds each.
    fair = left >= 100_000 * USD * 201 // 301 - 1_000 * USD
    return Verdict(
        survived=borrowed <= 0 and held and fair and blocks <= BLOCKS and order != ACCEPTED,
        detail=f"borrowed against the sick chain's collateral: {dollars(borrowed)}; those who ran took "
        f"{', '.join(map(dollars, taken))}, who stayed may take {dollars(left)}; the open position was "
        f"{'let alone' if held else 'liquidated'}; over a bridge the venue knew it {blocks} blocks after the theft; an "
        f"order on the loot: {order}",
    )


def through_the_bridge(stage: Stage) -> tuple[int, str]:
    """Ether that nobody locked is credited; the watcher freezes its chain's client, and the queue tells the venue.

    Answers the settlement chain's blocks until the venue knows, and what becomes of an order on that collateral.
    """
    with stage.world() as world:
        heist, venue = Heist(world), world.processes[VENUE]
        loot = DepositMessage(
            asset=ZERO_ADDRESS, amount=100 * 10**18, owner=heist.thief.address, refund_to=heist.thief.address
        )
        packet = replace(heist.invented(), payload=loot.encode())
        keys = stolen(heist.source.validators.validators[:3])
        watcher = Watcher(
            Store(world.directory / "watcher.db"), heist.network, world.chains, signer=world.base.relayers[0]
        )
        queue = ForcedQueue(heist.host, heist.network.settlement.forced_queue)
        reporter = HealthReporter(
            Store(world.directory / "health.db"), queue, [heist.entry.chain_id], world.base.relayers[1]
        )
        watcher.step()
        heist.cash_in(forged(heist.mine(), packet).sealed_by(keys), packet)
        since = heist.host.head().number
        for daemon in ("queue reader", "oracle", "oracle"):
            venue.step(daemon)
        while not queue.chain_state(heist.entry.chain_id).is_sick and heist.host.head().number < since + 10:
            heist.settle()
            watcher.step()
            reporter.step()
            world.mine(heist.host)
        venue.step("queue reader")
        return heist.host.head().number - since, order_of(world, heist)


def order_of(world: World, heist: Heist) -> str:
    """What the venue says to an order of the thief's that only the loot could hold."""
    venue = world.venue
    if venue is None:
        return "down"
    state, signer = venue.state, Signer(bytes(heist.thief.key))
    account = next(number for number, one in sorted(state.accounts.items()) if one.owner == signer.address)
    pricing = state.pricing[BTC]
    step = sign_place_order(
        signer,
        state.domain,
        account=account,
        market=BTC,
        side=0,
        time_in_force=0,
        price=0 if pricing is None else pricing.mark // state.markets[BTC].tick * state.markets[BTC].tick,
        size=state.markets[BTC].lot * 100,
        nonce=world.clock.now() * 1_000,
        expiry=world.clock.now() + 600,
    )
    try:
        venue.submit(step)
    except Rejected as refusal:
        return str(refusal.reason.value)
    return ACCEPTED


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
