"""Poly Network, 2023: keepers that were never exchanged. A whole set is exchanged here, under load."""

from __future__ import annotations

from bridge.errors import BridgeError
from bridge.relaying import deliver, update_client
from chains.errors import ChainError
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, outsiders, stolen

EACH = 10**6


def attack(stage: Stage) -> Verdict:
    """Four rotations with a deposit under way in each; then three keys of the first set seal an invented one."""
    with stage.world() as world:
        heist = Heist(world)
        first = heist.source.validators.validators
        members = list(first)
        deposits = []
        for newcomer in outsiders(len(first)):
            deposits.append(heist.lock(EACH, world.base.users[0]))
            members = [*members[1:], newcomer]
            heist.source.rotate(members)
            heist.mine()
        delivered = 0
        trouble = "nothing"
        try:
            heist.settle()
            update_client(heist.way.forward, heist.source, heist.thief)
            for _ in range(2):
                delivered += len(deliver(heist.way, deposits, heist.thief))
        except (BridgeError, ChainError) as error:
            trouble = type(error).__name__
        honest = heist.loot
        packet = heist.invented()
        old = [validator.address for validator in first]
        late = forged(heist.mine(), packet, validators=old).sealed_by(stolen(first[:3]))
        outcome = heist.cash_in(late, packet, trusted=old)
        return Verdict(
            survived=delivered == len(deposits) and honest == heist.loot == EACH * len(deposits),
            detail=f"{delivered} of {len(deposits)} deposits delivered once across 4 rotations, lost to {trouble}; "
            f"3 keys of the first set: {outcome}; credited {heist.loot} of {EACH * len(deposits)} base units",
        )


SCENARIO = Scenario(
    identifier="incident-6",
    title="A whole set of signers is exchanged under load, and the old one tries again",
    group="C1",
    source="Poly Network, mid-2023, $4.4M",
    attack=attack,
    twin=Twin(
        mutation="the client never exchanges the set it trusts",
        contracts=(("QbftLightClient", "client-keeps-retired-keys"),),
    ),
)
