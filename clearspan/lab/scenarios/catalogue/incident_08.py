"""ioTube: one owner key exchanged the verifier."""

from __future__ import annotations

from dataclasses import replace

from bridge.abi import abi_encode
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt


def attack(stage: Stage) -> Verdict:
    """The owner's key proposes a route with a client that believes everything, and 100 blocks later activates it."""
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
        proposed = attempt(heist.host, functions.proposeRoute(heist.entry.chain_id, route), heist.owner)
        _, ready_at, _, _ = heist.host.call(functions.proposals(heist.entry.chain_id))
        window = ready_at - heist.host.head().timestamp
        for _ in range(limits.route_delay_blocks):
            heist.host.mine()
        heist.settle()
        activated = attempt(heist.host, functions.activateRoute(heist.entry.chain_id, route), heist.thief)
        packet = replace(heist.invented(), route_epoch=epoch)
        outcome = heist.hand_over(packet, abi_encode(["uint64", "bytes"], [1, bytes(192)]))
        exits = limits.challenge_seconds + limits.inclusion_delay_seconds
        return Verdict(
            survived=heist.loot == 0 and window >= exits,
            detail=f"proposed: {proposed}; activated after {limits.route_delay_blocks} blocks: {activated}; users have "
            f"{window} s, a forced exit takes {exits}; an invented deposit: {outcome}; credited {heist.loot}",
        )


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
