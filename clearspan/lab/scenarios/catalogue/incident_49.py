"""Composable: an answer that meant success was refunded as well."""

from __future__ import annotations

from dataclasses import replace

from bridge.packets import Status
from bridge.relaying import acknowledge, deliver, prove_receipts, update_client
from bridge.vaults import Exit, Vault
from clearspan.lab.scenarios.banking import held
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A credited deposit's answer is brought in other encodings, then as it is; then the refund is drained."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(LOOT, heist.thief)
        (answer,) = deliver(heist.way, [packet], heist.thief)
        heist.settle()
        update_client(heist.way.backward, heist.host, heist.thief)
        proof = prove_receipts(heist.way, [answer])
        changed = [
            *(replace(answer, ack=ack) for ack in (b"", b"\x00", b"\x01", b"{}", bytes(32)) if ack != answer.ack),
            replace(answer, status=Status.FAILURE),
            replace(answer, status=Status.EXPIRED),
        ]
        functions = heist.way.source.contract.functions
        outcomes = [
            attempt(heist.source, functions.acknowledge([one.as_abi()], proof, heist.thief.address), heist.thief)
            for one in changed
        ]
        heist.settle()
        acknowledge(heist.way, [answer], heist.thief)
        before = held(heist.source, heist.token, heist.thief.address)
        drain = Vault(heist.source, heist.entry.vault).drain(heist.token, Exit.REFUND, 1)
        attempt(heist.source, drain, heist.thief)
        refunded = held(heist.source, heist.token, heist.thief.address) - before
        return Verdict(
            survived=refunded == 0,
            detail=f"{len(outcomes)} other answers: {', '.join(sorted(set(outcomes)))}; credited {heist.loot}, "
            f"refunded {refunded} base units besides",
        )


SCENARIO = Scenario(
    identifier="incident-49",
    title="A success that is not recognised is refunded",
    group="C8",
    source="Composable, 20 Sep 2023",
    attack=attack,
    twin=Twin(
        mutation="the vault takes a success for something else",
        contracts=(("CollateralVault", "vault-refunds-success"),),
    ),
)
