"""Drift: approvals were signed, held for days, and used when they fitted."""

from __future__ import annotations

from dataclasses import replace

from bridge.abi import abi_encode
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """An owner proposes a route with a gullible client and lets it lie; a thief activates it long afterwards."""
    with stage.world() as world:
        heist = Heist(world)
        limits = heist.network.parameters
        gullible = heist.host.deploy("TestClient", [], heist.thief)
        epoch = limits.route_epoch + 1
        route = (
            gullible.address,
            heist.entry.mailbox,
            epoch,
            limits.max_timeout_seconds,
            limits.max_proof_age_seconds,
            limits.max_gas_limit,
            limits.max_payload_bytes,
        )
        functions = heist.way.destination.contract.functions
        attempt(heist.host, functions.proposeRoute(heist.entry.chain_id, route), heist.owner)
        _, ready_at, _, expires_at = heist.host.call(functions.proposals(heist.entry.chain_id))
        world.clock.advance(max(0, expires_at - world.clock.now()))
        for _ in range(limits.route_delay_blocks):
            heist.host.mine()
        heist.settle()
        activated = attempt(heist.host, functions.activateRoute(heist.entry.chain_id, route), heist.thief)
        packet = replace(heist.invented(), route_epoch=epoch)
        outcome = heist.hand_over(packet, abi_encode(["uint64", "bytes"], [1, bytes(192)]))
        other = (*route[:2], epoch, *route[3:5], route[5] - 1, route[6])
        changed = attempt(heist.host, functions.activateRoute(heist.entry.chain_id, other), heist.thief)
        return Verdict(
            survived=heist.loot == 0 and ACCEPTED not in {activated, changed},
            detail=f"good for {expires_at - ready_at} s, activated a second after: {activated.partition('(')[0]}; with "
            f"another field: {changed.partition('(')[0]}; an invented deposit: {outcome.partition('(')[0]}, credited "
            f"{heist.loot}",
        )


SCENARIO = Scenario(
    identifier="incident-54",
    title="An old approval is used when it suits",
    group="C9",
    source="Drift, 1 Apr 2026, $285M",
    attack=attack,
    twin=Twin(
        mutation="a proposal never expires",
        contracts=(("Mailbox", "mailbox-stale-proposal"),),
    ),
)
