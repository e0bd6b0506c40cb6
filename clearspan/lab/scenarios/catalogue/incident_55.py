"""Rainbow: a fabricated block was challenged in time, twice, once with somebody in front of the watchdog."""

from __future__ import annotations

from bridge.clients import encode_evidence, encode_known, encode_update
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, forged, stolen

HOURS = 5
PROBE = 10**6


def attack(stage: Stage) -> Verdict:
    """With a quorum of stolen keys: a block of five hours ahead, then one that never was, challenged at once.

    The watchdog's challenge is copied and put in front of it; the thief goes on with the block it has.
    """
    with stage.world() as world:
        heist = Heist(world)
        keys = stolen(heist.source.validators.validators[:3])
        packet = heist.invented()
        ahead = forged(heist.mine(), packet, timestamp=world.clock.now() + HOURS * 3_600).sealed_by(keys)
        outcomes = {"hours ahead": heist.cash_in(ahead, packet)}
        honest = heist.mine()
        heist.update(honest)
        twice = honest.altered(state_root=bytes([0x66]) * 32).sealed_by(keys)
        evidence = encode_evidence(encode_update(twice, heist.trusted().validators), encode_known(honest))
        challenge = heist.client.functions.misbehaviour(evidence)
        outcomes["copied challenge"] = attempt(heist.host, challenge, world.base.users[3])
        outcomes["the watchdog's own"] = attempt(heist.host, challenge, world.base.relayers[0])
        later = heist.invented(PROBE)
        outcomes["theft after it"] = heist.cash_in(forged(heist.mine(), later).sealed_by(keys), later)
        told = ", ".join(f"{name}: {outcome.partition('(')[0]}" for name, outcome in outcomes.items())
        return Verdict(
            survived=heist.loot == 0 and outcomes["copied challenge"] == ACCEPTED,
            detail=f"{told}; credited {heist.loot} base units",
        )


SCENARIO = Scenario(
    identifier="incident-55",
    title="A fabricated block is challenged in time, by whoever comes first",
    group="C10",
    source="Rainbow, 1 May and 20 Aug 2022",
    attack=attack,
    twin=Twin(
        mutation="evidence is taken and nothing freezes",
        contracts=(("QbftLightClient", "client-thaws"),),
    ),
)
