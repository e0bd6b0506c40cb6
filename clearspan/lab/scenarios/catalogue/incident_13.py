"""Chainswap: whoever signs names the signer."""

from __future__ import annotations

from bridge.clients import encode_update
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, forged, outsiders, raw_update, stolen


def attack(stage: Stage) -> Verdict:
    """Two keys of four and two of nobody seal a header, for a client that needs a third of those it trusts."""
    with stage.world() as world:
        heist = Heist(world)
        trusted = heist.mine()
        client = heist.new_client(stage, trusted, trust_numerator=1, trust_denominator=3)
        packet = heist.invented()
        draft = forged(heist.mine(), packet)
        signers = sorted([*heist.source.validators.validators[:2], *outsiders(2)], key=lambda one: one.address)
        sealed = draft.sealed_by(stolen(signers))
        foreign = attempt(heist.host, client.functions.update(encode_update(sealed, trusted.validators)), heist.thief)
        proven = heist.proves(client, sealed, packet)
        one, two = draft.sealed_by(stolen(heist.source.validators.validators[:2])).sorted_seals
        again = raw_update(draft, [two, one, two], trusted.validators)
        unsorted = attempt(heist.host, heist.client.functions.update(again), heist.thief)
        return Verdict(
            survived=ACCEPTED not in {proven, unsorted},
            detail=f"2 members and 2 strangers: {foreign}; out of order: {unsorted}; the invented deposit: {proven}",
        )


SCENARIO = Scenario(
    identifier="incident-13",
    title="Seals of keys that belong to nobody in the set",
    group="C2",
    source="Chainswap, Jul 2021, $0.8M and $4.4M",
    attack=attack,
    twin=Twin(
        mutation="the client does not ask whether a signer is a member",
        contracts=(("QbftLightClient", "client-foreign-signer"),),
    ),
)
