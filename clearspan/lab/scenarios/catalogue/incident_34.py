"""THORChain: a contract of the thief's wrote the router's events."""

from __future__ import annotations

from dataclasses import replace

from bridge.clients import encode_proof
from bridge.interoperable import encode_evm
from bridge.packets import Packet, commitment_slot, packet_id
from bridge.relaying import update_client
from clearspan.lab.scenarios.banking import claim_of_deposit
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.lookalike import look_alike_mailbox, packet_of
from clearspan.lab.scenarios.moves import Heist


def attack(stage: Stage) -> Verdict:
    """A mailbox of the thief's emits what the true one emits; its packet is delivered as it is and renamed."""
    with stage.world() as world:
        heist = Heist(world)
        mailbox = look_alike_mailbox(stage, heist)
        queue = encode_evm(heist.host.chain_id, heist.network.settlement.forced_queue)
        send = mailbox.functions.sendMessage(queue, claim_of_deposit(heist), [])
        packet = packet_of(heist, mailbox, heist.source.transact(send, heist.thief))
        heist.settle()
        update_client(heist.way.forward, heist.source, heist.thief)
        header = heist.trusted()

        def proof_of(one: Packet, account: str) -> bytes:
            slot = commitment_slot(packet_id(one))
            return encode_proof(header, heist.source.get_proof(account, [slot], header.number))

        as_it_is = heist.hand_over(packet, proof_of(packet, mailbox.address))
        renamed = replace(packet, source_mailbox=heist.entry.mailbox, sender=heist.entry.vault)
        by_its_own = heist.hand_over(renamed, proof_of(packet, mailbox.address))
        by_the_true = heist.hand_over(renamed, proof_of(renamed, heist.entry.mailbox))
        return Verdict(
            survived=heist.loot == 0,
            detail=f"the look-alike's packet: {as_it_is}; under the true names: {by_its_own}, {by_the_true}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-34",
    title="A contract of the thief's emits the bridge's events",
    group="C5",
    source="THORChain, Jul 2021, ~$8M",
    attack=attack,
    twin=Twin(
        mutation="an event is enough: the mailbox asks for no proof of storage",
        contracts=(("Mailbox", "mailbox-unproven-packet"),),
    ),
)
