"""Huckleberry: the events of calls that were rolled back counted."""

from __future__ import annotations

from bridge.clients import encode_proof
from bridge.packets import commitment_slot, packet_id
from bridge.relaying import packets_in, update_client
from clearspan.lab.scenarios.banking import DEPOSIT, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A deposit that runs out of gas at its end; then its packet is delivered with the proof there is."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief = heist.source, heist.thief
        call = vault_of(heist).get_function_by_signature(DEPOSIT)(heist.token, LOOT, thief.address, 0)
        twin_chain = source.fork(world.clock)
        receipt = twin_chain.transact(call, thief, gas=600_000)
        mailbox = type(heist.way.source)(twin_chain, heist.entry.mailbox)
        (packet,) = packets_in(mailbox, receipt)
        enough = int(receipt["gasUsed"])
        short = attempt(source, call, thief, gas=enough - 3_000)
        heist.settle()
        update_client(heist.way.forward, source, thief)
        header = heist.trusted()
        slot = commitment_slot(packet_id(packet))
        proof = encode_proof(header, source.get_proof(heist.entry.mailbox, [slot], header.number))
        outcome = heist.hand_over(packet, proof)
        return Verdict(
            survived=heist.loot == 0 and short != ACCEPTED,
            detail=f"a deposit that needs {enough} gas and has 3,000 less: {short}; its packet: {outcome}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-36",
    title="A deposit that was rolled back after its event",
    group="C5",
    source="Huckleberry, May 2023",
    attack=attack,
    twin=Twin(
        mutation="an event is enough: the mailbox asks for no proof of storage",
        contracts=(("Mailbox", "mailbox-unproven-packet"),),
    ),
)
