"""Dragonberry: absence is proven of what was received."""

from __future__ import annotations

from dataclasses import replace

from bridge.packets import Status
from bridge.relaying import deliver, prove_receipts, update_client
from bridge.vaults import Exit, Vault
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A deposit that was credited is claimed back as expired, under the proof of its true receipt."""
    with stage.world() as world:
        heist = Heist(world)
        vault = Vault(heist.source, heist.entry.vault)
        token = heist.source.contract("TestToken", heist.token)
        packet = heist.deposit(LOOT, heist.thief)
        (answer,) = deliver(heist.way, [packet], heist.thief)
        heist.settle()
        update_client(heist.way.backward, heist.host, heist.thief)
        proof = prove_receipts(heist.way, [answer])
        claim = replace(answer, status=Status.EXPIRED)
        call = heist.way.source.contract.functions.acknowledge([claim.as_abi()], proof, heist.thief.address)
        outcome = attempt(heist.source, call, heist.thief)
        before = heist.source.call(token.functions.balanceOf(heist.thief.address))
        attempt(heist.source, vault.drain(heist.token, Exit.REFUND, 1), heist.thief)
        refunded = heist.source.call(token.functions.balanceOf(heist.thief.address)) - before
        return Verdict(
            survived=refunded == 0,
            detail=f"credited {heist.loot}; claimed as expired: {outcome}; refunded {refunded} base units besides",
        )


SCENARIO = Scenario(
    identifier="incident-18",
    title="A deposit that was received is refunded as if it had expired",
    group="C3",
    source="Dragonberry (ICS-23), Oct 2022",
    attack=attack,
    twin=Twin(
        mutation="an answer is taken without its proof",
        contracts=(("Mailbox", "mailbox-unproven-answer"),),
    ),
)
