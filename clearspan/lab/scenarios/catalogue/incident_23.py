"""Polytope: a bound on depth makes deep keys unprovable, and what cannot be proven passes for absent."""

from __future__ import annotations

import rlp
from eth_utils.crypto import keccak
from trie.hexary import HexaryTrie

from chains.proofs import verify_trie
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader

DEEPEST = 64
WORD = b"\x44" * 32


def attack(stage: Stage) -> Verdict:
    """Keys that part from the victim's in every nibble push it as deep as keys can be."""
    with stage.world() as world:
        heist = Heist(world)
        trie = HexaryTrie({})
        victim = bytes(32)
        trie[victim] = WORD
        for nibble in range(DEEPEST):
            near = bytearray(32)
            near[nibble // 2] = 0x10 if nibble % 2 == 0 else 0x01
            trie[bytes(near)] = WORD
        nodes = [rlp.encode(node) for node in trie.get_proof(victim)]  # type: ignore[no-untyped-call]
        nodes = [nodes[0], *(node for node in nodes[1:] if len(node) >= len(keccak(b"")))]
        on_chain = TrieReader(stage, heist).find(trie.root_hash, victim, nodes)
        off_chain = verify_trie(trie.root_hash, victim, nodes)
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
