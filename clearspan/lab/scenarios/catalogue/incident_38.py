"""Verus: every proof was valid, and the amount was compared with nothing."""

from __future__ import annotations

from dataclasses import replace

from bridge.abi import ZERO_ADDRESS
from bridge.relaying import deliver, prove_commitments, update_client
from clearspan.lab.scenarios.banking import DEPOSIT, claim_of_deposit, credited, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A true deposit of one unit whose amount grows on the way, and a deposit of ether that brings none."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(1, heist.thief)
        proof = prove_commitments(heist.way, [packet])
        grown = heist.hand_over(replace(packet, payload=claim_of_deposit(heist)), proof)
        call = vault_of(heist).get_function_by_signature(DEPOSIT)(ZERO_ADDRESS, 10**18, heist.thief.address, 0)
        empty = attempt(heist.source, call, heist.thief)
        block = heist.source.head().number
        sent = [one.packet for one in heist.way.source.sent(block, block) if one.packet is not None]
        heist.settle()
        update_client(heist.way.forward, heist.source, heist.thief)
        if sent:
            deliver(heist.way, sent, heist.thief)
        backing = held(heist.source, ZERO_ADDRESS, heist.entry.vault)
        ether = credited(heist, ZERO_ADDRESS)
        return Verdict(
            survived=heist.loot <= 1 and ether <= backing,
            detail=f"1 unit proven as {LOOT}: {grown}; 1 ether without any: {empty}; "
            f"credited {ether} wei, the vault holds {backing}",
        )


SCENARIO = Scenario(
    identifier="incident-38",
    title="A valid proof of a deposit that nothing backs",
    group="C5",
    source="Verus, 17 May 2026, $11.58M",
    attack=attack,
    twin=Twin(
        mutation="the vault does not compare a deposit of ether with what came along",
        contracts=(("CollateralVault", "vault-ignores-value"),),
    ),
)
