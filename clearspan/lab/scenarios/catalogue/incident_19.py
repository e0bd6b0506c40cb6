"""Hyperbridge: a root comes from the proof instead of from the chain."""

from __future__ import annotations

from bridge.clients import encode_proof
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, lone_word


def attack(stage: Stage) -> Verdict:
    """A state root of the thief's own under a height that the client knows, and a proof short of one word."""
    with stage.world() as world:
        heist = Heist(world)
        heist.update(heist.mine())
        packet = heist.invented()
        header = heist.trusted()
        own_root = heist.hand_over(packet, encode_proof(forged(header, packet), lone_word(packet)[1]))
        nothing = heist.source.get_proof(heist.entry.mailbox, [], header.number)
        short = heist.hand_over(packet, encode_proof(header, nothing))
        return Verdict(
            survived=heist.loot == 0,
            detail=f"a root of one's own at height {header.number}: {own_root}; no proof for the one packet: {short}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-19",
    title="The root that everything is proven under comes with the proof",
    group="C3",
    source="Hyperbridge, 13 Apr 2026, $2.5M",
    attack=attack,
    twin=Twin(
        mutation="the state in a proof is not compared with the one kept",
        contracts=(("QbftLightClient", "client-unbound-state"),),
    ),
)
