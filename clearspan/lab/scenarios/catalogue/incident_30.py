"""Arbitrum's inbox: an upgrade wiped what initialising had set, and anybody could do it again."""

from __future__ import annotations

from bridge.abi import abi_encode
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A route is set up a second time, by a stranger and with the owner's key, to a client that believes everything."""
    with stage.world() as world:
        heist = Heist(world)
        limits = heist.network.parameters
        gullible = heist.host.deploy("TestClient", [], heist.thief)
        route = (
            gullible.address,
            heist.entry.mailbox,
            limits.route_epoch,
            limits.max_timeout_seconds,
            limits.max_proof_age_seconds,
            limits.max_gas_limit,
            limits.max_payload_bytes,
        )
        again = heist.way.destination.contract.functions.addRoute(heist.entry.chain_id, route)
        stranger = attempt(heist.host, again, heist.thief)
        owner = attempt(heist.host, again, heist.owner)
        outcome = heist.hand_over(heist.invented(), abi_encode(["uint64", "bytes"], [1, bytes(192)]))
        return Verdict(
            survived=heist.loot == 0,
            detail=f"by a stranger: {stranger.partition('(')[0]}; with the owner's key: {owner}; "
            f"an invented deposit: {outcome}; credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-30",
    title="A route is initialised a second time",
    group="C4",
    source="Arbitrum's inbox, Sep 2022",
    attack=attack,
    twin=Twin(
        mutation="a chain's first route may be added again",
        contracts=(("Mailbox", "mailbox-readds-route"),),
    ),
)
