"""ibc-hooks and Terra: what was done once could be done again."""

from __future__ import annotations

from bridge.relaying import deliver, prove_commitments
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist


def attack(stage: Stage) -> Verdict:
    """One true deposit is delivered, and delivered again."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(LOOT, heist.thief)
        deliver(heist.way, [packet], heist.thief)
        heist.settle()
        again = heist.hand_over(packet, prove_commitments(heist.way, [packet]))
        return Verdict(
            survived=heist.loot == LOOT,
            detail=f"delivered again: {again}; {LOOT} base units deposited, {heist.loot} credited",
        )


SCENARIO = Scenario(
    identifier="incident-48",
    title="A packet is executed twice",
    group="C8",
    source="ibc-hooks ASA-2024-007, Terra, Jul 2024",
    attack=attack,
    twin=Twin(
        mutation="the mailbox does not look whether it has answered already", contracts=(("Mailbox", "mailbox-replay"),)
    ),
)
