"""ioTube: one owner key exchanged the verifier."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bridge.abi import abi_encode
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt
from clearspan.lab.scenarios.traffic import DOLLARS, Traffic

PATIENCE = 200


def attack(stage: Stage) -> Verdict:
    """The owner's key proposes a route with a client that believes everything; who has money at the venue leaves.

    The thief tries to activate the route at once, and again when everybody has gone.
    """
    with stage.world() as world:
        heist, traffic = Heist(world), Traffic(world, 0)
        user = world.users[0]
        before = traffic.held_by(user.wallet.address)
        traffic.deposit(0)
        world.run(PATIENCE, lambda: traffic.at_venue == DOLLARS)
        limits = heist.network.parameters
        gullible = heist.host.deploy("TestClient", [], heist.thief)
        route = (
            gullible.address,
            heist.entry.mailbox,
            limits.route_epoch + 1,
            limits.max_timeout_seconds,
            limits.max_proof_age_seconds,
            limits.max_gas_limit,
            limits.max_payload_bytes,
        )
        functions = heist.way.destination.contract.functions
        proposed = attempt(heist.host, functions.proposeRoute(heist.entry.chain_id, route), heist.owner)
        _, ready_at, _, _ = heist.host.call(functions.proposals(heist.entry.chain_id))
        for _ in range(limits.route_delay_blocks):
            heist.host.mine()
        heist.settle()
        at_once, loot = activated(heist, route)
        user.withdraw(traffic.asset.asset, DOLLARS)
        world.run(0 if loot else PATIENCE, lambda: traffic.held_by(user.wallet.address) == before)
        left = traffic.held_by(user.wallet.address) == before
        spare = ready_at - world.clock.now()
        return Verdict(
            survived=loot == 0 and left and spare > 0,
            detail=f"proposed: {proposed}; activated after {limits.route_delay_blocks} blocks: {at_once}, an invented "
            f"deposit was credited with {loot}; who had money {'left' if left else 'could not leave'}, {spare:,} s "
            "before the route could change",
        )


def activated(heist: Heist, route: tuple[Any, ...]) -> tuple[str, int]:
    """Try to make the route count, and to use it; base units that it credited."""
    functions = heist.way.destination.contract.functions
    before = heist.loot
    outcome = attempt(heist.host, functions.activateRoute(heist.entry.chain_id, route), heist.thief)
    if outcome == ACCEPTED:
        packet = replace(heist.invented(), route_epoch=route[2])
        heist.hand_over(packet, abi_encode(["uint64", "bytes"], [1, bytes(192)]))
    heist.settle()
    return outcome.partition("(")[0], heist.loot - before


SCENARIO = Scenario(
    identifier="incident-8",
    title="A stolen owner key exchanges the verifier of a route",
    group="C1",
    source="ioTube, 21 Feb 2026, $4.4M",
    attack=attack,
    twin=Twin(
        mutation="a proposed route is not asked for how long it has been known",
        contracts=(("Mailbox", "mailbox-route-at-once"),),
    ),
)
