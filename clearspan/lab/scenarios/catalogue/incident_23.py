"""Polytope: a bound on depth makes deep keys unprovable, and what cannot be proven passes for absent."""

from __future__ import annotations

import rlp
from eth_utils.crypto import keccak

from chains.proofs import verify_trie
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader, leaf

DEEPEST = 64
VICTIM, WORD = bytes(32), b"\x44" * 32


def attack(stage: Stage) -> Verdict:
    """Keys that part from the victim's in every nibble push it as deep as keys can be."""
    with stage.world() as world:
        reader = TrieReader(stage, Heist(world))
        nodes = [leaf([], WORD)]
        for remaining in range(DEEPEST):
            near = leaf([0] * remaining, WORD)
            nodes.insert(0, rlp.encode([keccak(nodes[0]), keccak(near), *[b""] * 15]))
        root = keccak(nodes[0])
        on_chain = reader.find(root, VICTIM, nodes)
        off_chain = verify_trie(root, VICTIM, nodes)
        return Verdict(
            survived=on_chain == off_chain == WORD,
            detail=f"a key {len(nodes)} nodes deep is "
            f"{'proven' if on_chain == WORD else f'not provable: {on_chain!r}'}",
        )


SCENARIO = Scenario(
    identifier="incident-23",
    title="A key is pushed below the depth that a verifier reads",
    group="C3",
    source="polytope #39, Feb 2024",
    attack=attack,
    twin=Twin(
        mutation="the verifier reads nine nodes at most",
        contracts=(("TestTrie", "trie-depth-bound"),),
    ),
)
