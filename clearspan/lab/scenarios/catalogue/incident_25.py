"""OpenZeppelin's multiproof: one node serves a key that it does not belong to."""

from __future__ import annotations

import rlp
from eth_utils.crypto import keccak

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader, leaf

FIRST, SECOND, MISSING = (bytes([number << 4]) + bytes(31) for number in (1, 2, 3))
BELOW = [0] * 63


def attack(stage: Stage) -> Verdict:
    """In one batch the proof of one key is used for another, and for a key that is not there."""
    with stage.world() as world:
        reader = TrieReader(stage, Heist(world))
        one, two = leaf(BELOW, b"\x01" * 32), leaf(BELOW, b"\x02" * 32)
        branch = rlp.encode([b"", keccak(one), keccak(two), *[b""] * 14])
        answers = [reader.find_all(keccak(branch), [FIRST, other], [[branch, one], []]) for other in (SECOND, MISSING)]
        believed = sum(not isinstance(answer, str) for answer in answers)
        honest = reader.find_all(keccak(branch), [FIRST, SECOND], [[branch, one], [two]])
        return Verdict(
            survived=believed == 0 and not isinstance(honest, str),
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
