"""Gravity Bridge: a power check that is one short at its boundary."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, outsiders, stolen


def attack(stage: Stage) -> Verdict:
    """Two keys of four, one less than two thirds rounded up, in a header that names two strangers besides."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.invented()
        signers = sorted([*heist.source.validators.validators[:2], *outsiders(2)], key=lambda one: one.address)
        short = forged(heist.mine(), packet, validators=[one.address for one in signers]).sealed_by(stolen(signers))
        outcome = heist.cash_in(short, packet)
        taken = heist.loot
        honest = heist.mine()
        enough = heist.update(honest.with_seals(honest.sorted_seals[:3])) if not taken else "not tried"
        return Verdict(
            survived=taken == 0,
            detail=f"2 of 4 trusted seals: {outcome}; 3 of 4: {enough}; credited {taken} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-16",
    title="One seal less than the quorum, at the exact boundary",
    group="C2",
    source="Gravity Bridge L-10",
    attack=attack,
    twin=Twin(
        mutation="two thirds of those trusted are rounded down",
        contracts=(("QbftLightClient", "client-floor-overlap"),),
    ),
)
