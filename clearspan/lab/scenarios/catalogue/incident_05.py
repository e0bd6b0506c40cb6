"""HECO and HTX: the key that an operator has at hand all day."""

from __future__ import annotations

from bridge.abi import abi_encode
from bridge.interoperable import encode_evm
from bridge.payloads import ReleaseMessage
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """With the relayer's key: an invented deposit, told to the queue directly, and a release, told to the vault."""
    with stage.world() as world:
        heist = Heist(world)
        victim = world.base.users[0]
        heist.deposit(LOOT, victim)
        heist.thief = world.base.network.keys.relayer
        packet = heist.invented()
        proof = abi_encode(["uint64", "bytes"], [heist.way.forward.latest_height(), bytes(192)])
        delivered = heist.hand_over(packet, proof)
        queue = heist.host.contract("ForcedQueue", heist.network.settlement.forced_queue)
        sender = encode_evm(packet.source_chain, packet.sender)
        told = attempt(heist.host, queue.functions.receiveMessage(bytes(32), sender, packet.payload), heist.thief)
        vault = heist.source.contract("CollateralVault", heist.entry.vault)
        release = ReleaseMessage(withdrawal_id=0, asset=heist.token, amount=LOOT, recipient=heist.thief.address)
        outbox = encode_evm(heist.host.chain_id, heist.network.settlement.outbox)
        released = attempt(
            heist.source, vault.functions.receiveMessage(bytes(32), outbox, release.encode()), heist.thief
        )
        attempt(heist.source, vault.functions.drain(heist.token, 1), heist.thief)
        token = heist.source.contract("TestToken", heist.token)
        paid = heist.source.call(token.functions.balanceOf(heist.thief.address))
        return Verdict(
            survived=heist.loot == 0 and paid == 0,
            detail=f"delivered without proof: {delivered}; told directly: queue {told.partition('(')[0]}, "
            f"vault {released.partition('(')[0]}; credited {heist.loot}, paid {paid} base units",
        )


SCENARIO = Scenario(
    identifier="incident-5",
    title="The relayer's hot key is stolen",
    group="C1",
    source="HECO and HTX, Nov 2023, $86M",
    attack=attack,
    twin=Twin(
        mutation="packets are received without a proof, as if the relayer were trusted",
        contracts=(("Mailbox", "mailbox-unproven-packet"),),
    ),
)
