"""Optimism's trie library: a short node may stand in its parent or behind a hash, and both are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import rlp
from eth_utils.crypto import keccak

from chains import proofs
from chains.errors import ProofError
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, TrieReader, leaf, swapped

KEY = b"\x12\x34"


def read(root: bytes, nodes: Sequence[bytes]) -> bytes | str:
    """What the reader off the chain says."""
    try:
        return proofs.verify_trie(root, KEY, nodes)
    except ProofError as refusal:
        return str(refusal.reason)


def attack(stage: Stage) -> Verdict:
    """A leaf of 5 bytes listed behind its hash, and 31 bytes that are no node in a child's place."""
    with stage.world() as world:
        heist = Heist(world)
        reader = TrieReader(stage, heist)
        short = leaf([2, 3, 4], b"v")
        behind_hash = rlp.encode([b"", keccak(short), *[b""] * 15])
        string = rlp.encode([b"", b"\xaa" * 31, *[b""] * 15])
        answers: list[bytes | str] = []
        for root, nodes in ((behind_hash, (behind_hash, short)), (string, (string, b"\xaa" * 31))):
            answers += [reader.find(keccak(root), KEY, nodes), read(keccak(root), nodes)]
        return Verdict(
            survived=not any(isinstance(answer, bytes) for answer in answers),
            detail="on and off the chain: " + ", ".join(str(answer) for answer in answers),
        )


CHECKED = proofs._take  # noqa: SLF001 - the line that the twin leaves out is in it


def take(remaining: Iterator[bytes], expected_hash: bytes, *, is_root: bool) -> list[proofs.Node]:
    """Read a listed node without asking whether it should have been inlined."""
    del is_root
    return CHECKED(remaining, expected_hash, is_root=True)


SCENARIO = Scenario(
    identifier="incident-22",
    title="A node under 32 bytes is read behind a hash",
    group="C3",
    source="Optimism Lib_MerkleTrie #4845",
    attack=attack,
    twin=Twin(
        mutation="the reader off the chain does not ask whether a listed node should have been inlined",
        patch=partial(swapped, proofs, "_take", take),
    ),
)
