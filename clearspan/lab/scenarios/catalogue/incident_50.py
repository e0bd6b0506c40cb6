"""Wintermute: an address is not its namesake on another chain."""

from __future__ import annotations

from bridge.interoperable import encode_evm
from bridge.relaying import Way, packets_in, prove_commitments, update_client
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A message for the first vault chain is delivered on the second, whose mailbox has the same address."""
    with stage.world() as world:
        heist = Heist(world)
        first, second = heist.network.vaults[0], heist.network.vaults[1]
        listener = world.chains[second.chain_id].deploy("TestRecipient", [], heist.thief)
        heist.settle()
        way = Way.between(heist.network, world.chains, source=heist.host.chain_id, destination=second.chain_id)
        call = way.source.contract.functions.sendMessage(encode_evm(first.chain_id, listener.address), b"pay", [])
        (packet,) = packets_in(way.source, heist.host.transact(call, heist.thief))
        heist.settle()
        update_client(way.forward, heist.host, heist.thief)
        proof = prove_commitments(way, [packet])
        receive = way.destination.contract.functions.receivePackets([packet.as_abi()], proof, heist.thief.address)
        elsewhere = world.chains[second.chain_id]
        outcome = attempt(elsewhere, receive, heist.thief)
        heard = int(elsewhere.call(listener.functions.received()))
        return Verdict(
            survived=heard == 0,
            detail=f"mailboxes at {first.mailbox} and {second.mailbox}; a packet for chain {first.chain_id} on chain "
            f"{second.chain_id}: {outcome}; executed {heard} times there",
        )


SCENARIO = Scenario(
    identifier="incident-50",
    title="A packet for one chain is executed on another",
    group="C8",
    source="Wintermute and Optimism, Jun 2022, 20M OP",
    attack=attack,
    twin=Twin(
        mutation="the mailbox does not ask which chain a packet is for",
        contracts=(("Mailbox", "mailbox-other-chain"),),
    ),
)
