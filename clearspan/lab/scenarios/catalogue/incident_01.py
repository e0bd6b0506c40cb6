"""Ronin: four keys of nine and a fifth that should have been revoked months before."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, forged, outsiders, stolen


def attack(stage: Stage) -> Verdict:
    """Two live keys and a retired one seal a header of the set as it was, shown against the old and the new set."""
    with stage.world() as world:
        heist = Heist(world)
        old = heist.source.validators.validators
        heist.source.rotate([*old[1:], *outsiders(1)])
        if heist.update(heist.mine()) != ACCEPTED:
            raise AssertionError("an honest rotation was refused")
        today = heist.trusted().validators
        packet = heist.invented()
        keys = stolen(old[:3])
        then = [validator.address for validator in old]
        header = forged(heist.mine(), packet, validators=then).sealed_by(keys)
        outcomes = [heist.cash_in(header, packet, trusted=members) for members in (then, today)]
        short = heist.cash_in(forged(heist.mine(), packet).sealed_by(keys[1:]), packet, trusted=today)
        return Verdict(
            survived=heist.loot == 0,
            detail=f"2 live and 1 retired key: {outcomes[0]}, {outcomes[1]}; 2 live keys: {short}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-1",
    title="Stolen keys, one of them retired, seal a header that credits a deposit nobody made",
    group="C1",
    source="Ronin, Mar 2022, $624M",
    attack=attack,
    twin=Twin(
        mutation="the client keeps trusting the set it began with",
        contracts=(("QbftLightClient", "client-keeps-retired-keys"),),
    ),
)
