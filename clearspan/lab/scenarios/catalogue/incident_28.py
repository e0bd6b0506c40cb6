"""Ronin again: an initialiser was left out, the total weight was zero, and so was the quorum."""

from __future__ import annotations

from bridge.clients import encode_update
from chains.errors import TransactionReverted
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, forged, outsiders, stolen


def attack(stage: Stage) -> Verdict:
    """A header that names nobody for the client there is, then a client that begins with nobody."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.invented()
        nobody = heist.update(forged(heist.mine(), packet, validators=[]).with_seals([]))
        (stranger,) = outsiders(1)
        sealed = forged(heist.mine(), packet, validators=[stranger.address]).sealed_by(stolen([stranger]))
        try:
            client = heist.new_client(stage, heist.trusted().altered(validators=[]))
        except TransactionReverted as refusal:
            return Verdict(
                survived=nobody != ACCEPTED,
                detail=f"a header by nobody: {nobody}; a client that trusts nobody: {refusal.error}",
            )
        alone = attempt(heist.host, client.functions.update(encode_update(sealed, [])), heist.thief)
        proven = heist.proves(client, sealed, packet)
        return Verdict(
            survived=ACCEPTED not in {nobody, proven},
            detail=f"a client that trusts nobody was deployed; a stranger's seal: {alone}; invented deposit: {proven}",
        )


SCENARIO = Scenario(
    identifier="incident-28",
    title="A total weight of zero makes any signature a quorum",
    group="C4",
    source="Ronin, 6 Aug 2024, $12M",
    attack=attack,
    twin=Twin(
        mutation="a client may begin with an empty set",
        contracts=(("QbftLightClient", "client-empty-set"),),
    ),
)
