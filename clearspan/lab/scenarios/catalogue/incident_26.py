"""Firewood: nodes that are not on the way, and a position that nothing binds."""

from __future__ import annotations

from eth_utils.crypto import keccak

from bridge.packets import commitment_slot, packet_id
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader


def attack(stage: Stage) -> Verdict:
    """A true proof with nodes added, repeated, exchanged and left out."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(5 * 10**6, world.base.users[0])
        slot = commitment_slot(packet_id(packet))
        proof = heist.source.get_proof(heist.entry.mailbox, [slot], heist.trusted().number)
        nodes, key = proof.storage[0].nodes, keccak(slot.to_bytes(32, "big"))
        reader = TrieReader(stage, heist)
        root = proof.storage_hash
        forms = [(*nodes, junk) for junk in (b"", b"\xc0", nodes[0], nodes[-1], b"\xff" * 40)]
        forms += [nodes[::-1], nodes[1:], (nodes[0], *nodes), (nodes[-1], *nodes[:-1])]
        answers = [reader.find(root, key, form) for form in forms]
        taken = sum(isinstance(answer, bytes) for answer in answers)
        honest = isinstance(reader.find(root, key, nodes), bytes)
        refusals = sorted({answer for answer in answers if isinstance(answer, str)})
        return Verdict(
            survived=taken == 0 and honest,
            detail=f"{taken} of {len(forms)} other lists of nodes prove the same; refused with {', '.join(refusals)}",
        )


SCENARIO = Scenario(
    identifier="incident-26",
    title="A proof is taken with nodes that are not on its path",
    group="C3",
    source="Firewood #1950 and #2205",
    attack=attack,
    twin=Twin(
        mutation="nodes left over are not counted",
        contracts=(("TestTrie", "trie-junk-nodes"),),
    ),
)
