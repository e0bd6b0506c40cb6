"""ChainSecurity's library bug: a proof that breaks off is read as absence."""

from __future__ import annotations

from eth_utils.crypto import keccak

from bridge.packets import commitment_slot, packet_id
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader


def attack(stage: Stage) -> Verdict:
    """Every beginning of the proof of a commitment that is there, node by node and byte by byte of its last node."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(5 * 10**6, world.base.users[0])
        slot = commitment_slot(packet_id(packet))
        proof = heist.source.get_proof(heist.entry.mailbox, [slot], heist.trusted().number)
        nodes, key = proof.storage[0].nodes, keccak(slot.to_bytes(32, "big"))
        reader = TrieReader(stage, heist)
        cuts = [nodes[:length] for length in range(len(nodes))]
        cuts += [(*nodes[:-1], nodes[-1][:length]) for length in range(0, len(nodes[-1]), 7)]
        answers = [reader.find(proof.storage_hash, key, cut) for cut in cuts]
        absent = sum(answer == b"" for answer in answers)
        refusals = sorted({answer for answer in answers if isinstance(answer, str)})
        return Verdict(
            survived=not any(isinstance(answer, bytes) for answer in answers),
            detail=f"{absent} of {len(cuts)} beginnings of an inclusion proof read as absence; "
            f"refused with {', '.join(refusals)}",
        )


SCENARIO = Scenario(
    identifier="incident-21",
    title="A truncated inclusion proof passes for absence",
    group="C3",
    source="ChainSecurity on MPT libraries, Jun 2025",
    attack=attack,
    twin=Twin(
        mutation="a proof that runs out answers nothing instead of reverting",
        contracts=(("TestTrie", "trie-truncated-is-absent"),),
    ),
)
