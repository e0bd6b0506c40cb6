"""ibc-hooks and Terra: a callback ran before what it was about was cleared, and did it again."""

from __future__ import annotations

from bridge.packets import Fees
from bridge.relaying import deliver, prove_commitments
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist
from clearspan.lab.scenarios.talking import Mode, Talk

FEE = 5


def attack(stage: Stage) -> Verdict:
    """Both callbacks re-enter: the recipient receives again, the sender acknowledges again; a deposit comes twice."""
    with stage.world() as world:
        heist = Heist(world)
        talk = Talk(heist)
        fees = Fees(deliver=FEE, acknowledge=FEE, refund_to=heist.thief.address)
        packet, _ = talk.send(b"once", fees=fees), talk.send(b"another, whose fees are there", fees=fees)
        heist.settle()
        receive = heist.way.destination.contract.encode_abi(
            "receivePackets", [[packet.as_abi()], b"", heist.thief.address]
        )
        talk.behave(talk.listener, Mode.REENTER, bytes.fromhex(receive[2:]))
        (answer,) = talk.deliver(packet)
        again = heist.way.source.contract.encode_abi("acknowledge", [[answer.as_abi()], b"", heist.thief.address])
        talk.behave(talk.speaker, Mode.REENTER, bytes.fromhex(again[2:]))
        for _ in range(2):
            talk.acknowledge([answer])
        heard, told, owed = talk.heard(), talk.told(), talk.owed(heist.thief.address)
        deposit = heist.deposit(LOOT, heist.thief)
        deliver(heist.way, [deposit], heist.thief)
        heist.settle()
        twice = heist.hand_over(deposit, prove_commitments(heist.way, [deposit]))
        return Verdict(
            survived=(heard, told, owed) == (1, 1, 2 * FEE) and heist.loot == LOOT,
            detail=f"received {heard} times, answered {told} times, {owed} wei owed of {2 * FEE}; a deposit "
            f"delivered again: {twice}, {heist.loot} of {LOOT} base units credited",
        )


SCENARIO = Scenario(
    identifier="incident-48",
    title="Callbacks re-enter and have done again what was done",
    group="C8",
    source="ibc-hooks ASA-2024-007, Terra, Jul 2024",
    attack=attack,
    twin=Twin(
        mutation="the mailbox keeps a packet's commitment when it has been answered",
        contracts=(("Mailbox", "mailbox-keeps-commitment"),),
    ),
)
