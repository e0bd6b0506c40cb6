"""Allbridge: a generic message shaped like a deposit was credited."""

from __future__ import annotations

from bridge.interoperable import encode_evm
from bridge.relaying import packets_in
from clearspan.lab.scenarios.banking import carry, claim_of_deposit
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist


def attack(stage: Stage) -> Verdict:
    """A contract that is no vault sends a deposit's payload to the queue, and it is delivered with its true proof."""
    with stage.world() as world:
        heist = Heist(world)
        speaker = heist.source.deploy("TestRecipient", [], heist.thief)
        queue = encode_evm(heist.host.chain_id, heist.network.settlement.forced_queue)
        send = speaker.functions.send(heist.entry.mailbox, queue, claim_of_deposit(heist), [])
        (packet,) = packets_in(heist.way.source, heist.source.transact(send, heist.thief))
        status = carry(heist, packet)
        return Verdict(
            survived=heist.loot == 0,
            detail=f"answered {status.name if status else 'not at all'}; credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-37",
    title="A generic message shaped like a deposit",
    group="C5",
    source="Allbridge, 19 Aug 2026, $190k",
    attack=attack,
    twin=Twin(mutation="the queue believes any sender", contracts=(("ForcedQueue", "queue-any-vault"),)),
)
