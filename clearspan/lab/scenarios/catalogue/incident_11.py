"""Shibarium: stake borrowed for a moment votes in the block that counts it."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, outsiders, stolen


def attack(stage: Stage) -> Verdict:
    """One bought seat of four names nine more in the header in which they vote."""
    with stage.world() as world:
        heist = Heist(world)
        rented = sorted([heist.source.validators[0], *outsiders(9)], key=lambda one: one.address)
        packet = heist.invented()
        header = forged(heist.mine(), packet, validators=[one.address for one in rented]).sealed_by(stolen(rented))
        outcome = heist.cash_in(header, packet)
        return Verdict(
            survived=heist.loot == 0,
            detail=f"10 seals of a set that names itself: {outcome}; credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-11",
    title="Rented stake votes in the very block that counts it",
    group="C1",
    source="Shibarium, 12 Sep 2025, $2.4M",
    attack=attack,
    twin=Twin(
        mutation="weight is read from the header being signed, not from the one accepted before",
        contracts=(("QbftLightClient", "client-own-weight"),),
    ),
)
