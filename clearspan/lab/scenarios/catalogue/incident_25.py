"""OpenZeppelin's multiproof: one node serves a key that it does not belong to."""

from __future__ import annotations

import rlp
from trie.hexary import HexaryTrie

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader

FIRST, SECOND, MISSING = (bytes([number << 4]) + bytes(31) for number in (1, 2, 3))


def attack(stage: Stage) -> Verdict:
    """In one batch the proof of one key is used for another, and for a key that is not there."""
    with stage.world() as world:
        heist = Heist(world)
        trie = HexaryTrie({})
        trie[FIRST], trie[SECOND] = b"\x01" * 32, b"\x02" * 32
        reader = TrieReader(stage, heist)
        nodes = [rlp.encode(node) for node in trie.get_proof(FIRST)]  # type: ignore[no-untyped-call]
        answers = [reader.find_all(trie.root_hash, [FIRST, other], [nodes, ()]) for other in (SECOND, MISSING)]
        believed = sum(not isinstance(answer, str) for answer in answers)
        return Verdict(
            survived=believed == 0,
            detail=f"{believed} of 2 keys got another's value; answers: "
            + ", ".join(answer if isinstance(answer, str) else bytes(answer[1]).hex()[:8] for answer in answers),
        )


SCENARIO = Scenario(
    identifier="incident-25",
    title="A batch proves one key with the node of another",
    group="C3",
    source="OpenZeppelin's multiproof, node of zero",
    attack=attack,
    twin=Twin(
        mutation="a node is shared wherever it is asked for",
        contracts=(("TestTrie", "trie-shares-blindly"),),
    ),
)
