"""Wormhole on Solana: the caller brings the part that verifies."""

from __future__ import annotations

from bridge.abi import abi_encode
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist


def attack(stage: Stage) -> Verdict:
    """A proof that begins with the address of a client which the thief deployed and which believes everything."""
    with stage.world() as world:
        heist = Heist(world)
        gullible = heist.host.deploy("TestClient", [], heist.thief)
        height = heist.way.forward.latest_height()
        proof = abi_encode(["uint64", "bytes"], [height, bytes.fromhex(gullible.address[2:]) + bytes(300)])
        outcome = heist.hand_over(heist.invented(), proof)
        return Verdict(
            survived=heist.loot == 0,
            detail=f"a client of the thief's own: {outcome}; credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-12",
    title="The caller names the verifier of its own proof",
    group="C2",
    source="Wormhole on Solana, Feb 2022, $320M",
    attack=attack,
    twin=Twin(
        mutation="the mailbox asks the client that the proof names",
        contracts=(("Mailbox", "mailbox-caller-chosen-verifier"),),
    ),
)
