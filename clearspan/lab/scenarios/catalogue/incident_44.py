"""GriffinAI: a peer that was none was registered, and minted."""

from __future__ import annotations

from bridge.payloads import ReleaseMessage
from clearspan.lab.scenarios.banking import complete, held, speak, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A release from the right chain through the right mailbox, but not from the outbox."""
    with stage.world() as world:
        heist = Heist(world)
        complete(heist, LOOT, world.base.users[0])
        vault, before = vault_of(heist), held(heist.source, heist.token, heist.thief.address)
        release = ReleaseMessage(withdrawal_id=1, asset=heist.token, amount=LOOT, recipient=heist.thief.address)
        status = speak(heist, release.encode(), heist.entry.vault)
        attempt(heist.source, vault.functions.drain(heist.token, 1), heist.thief)
        stolen = held(heist.source, heist.token, heist.thief.address) - before
        return Verdict(
            survived=stolen == 0,
            detail=f"another sender: {status.name if status else 'not answered'}; the thief got {stolen} of {LOOT}",
        )


SCENARIO = Scenario(
    identifier="incident-44",
    title="A contract that is not the peer speaks as one",
    group="C6",
    source="GriffinAI, 25 Sep 2025, ~$3M",
    attack=attack,
    twin=Twin(mutation="the vault takes releases from any sender", contracts=(("CollateralVault", "vault-any-peer"),)),
)
