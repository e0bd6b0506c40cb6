from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.state.hashing import ZERO, keccak256, leaf_hash, node_hash
from exchange.state.tree import Tree, climb

DEPTH = 4
HASHES = st.binary(min_size=32, max_size=32).filter(any)
LEAVES = st.dictionaries(st.integers(0, 4**DEPTH - 1), HASHES, max_size=40)


def naive_root(leaves: dict[int, bytes], depth: int, first: int = 0) -> bytes:
    """The definition, by recursion."""
    if depth == 0:
        return leaves.get(first, ZERO)
    width = 4 ** (depth - 1)
    return node_hash(b"".join(naive_root(leaves, depth - 1, first + child * width) for child in range(4)))


def test_tags_keep_leaves_and_nodes_apart() -> None:
    body = bytes(128)
    assert leaf_hash(2, b"body") == keccak256(b"\x00\x02body")
    assert leaf_hash(2, b"body") != leaf_hash(3, b"body")
    assert node_hash(body) == ZERO
    assert node_hash(b"\x01" + body[1:]) == keccak256(b"\x01\x01" + body[1:])
    with pytest.raises(ValueError, match="four children"):
        node_hash(bytes(96))


@given(LEAVES, LEAVES)
def test_incremental_root_is_the_definition(first: dict[int, bytes], second: dict[int, bytes]) -> None:
    tree = Tree(DEPTH)
    tree.update(first)
    assert tree.root == naive_root(first, DEPTH)
    tree.update(second)
    assert tree.root == naive_root({**first, **second}, DEPTH)


@given(LEAVES, LEAVES)
def test_removal_leaves_nothing_behind(first: dict[int, bytes], second: dict[int, bytes]) -> None:
    tree = Tree(DEPTH)
    tree.update(first)
    tree.update({**second, **dict.fromkeys(first, ZERO)})
    kept = {index: digest for index, digest in second.items() if index not in first}
    assert tree.root == naive_root(kept, DEPTH)
    tree.update(dict.fromkeys(kept, ZERO))
    assert tree.root == ZERO
    assert not any(tree._groups)


@given(st.sets(st.integers(0, 4**DEPTH - 1), min_size=1), st.data())
def test_proof_leads_to_the_root_and_no_other(ids: set[int], data: st.DataObject) -> None:
    leaves = {index: leaf_hash(2, b"%d" % index) for index in ids}
    tree = Tree(DEPTH)
    tree.update(leaves)
    index = data.draw(st.sampled_from(sorted(leaves)))
    proof = tree.proof(index)
    assert len(proof) == 3 * DEPTH
    assert climb(leaves[index], index, proof) == tree.root
    assert climb(leaves[index], index ^ 1, proof) != tree.root
    at = data.draw(st.integers(0, 3 * DEPTH - 1))
    forged = [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]
    assert climb(leaves[index], index, forged) != tree.root
    assert climb(leaf_hash(1, b"other"), index, proof) != tree.root


@given(st.lists(HASHES, min_size=1, max_size=70), st.data())
def test_prefix_proof_is_the_proof_of_the_smaller_tree(digests: list[bytes], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(digests)))
    index = data.draw(st.integers(0, count - 1))
    tree, smaller = Tree(DEPTH), Tree(DEPTH)
    tree.update(dict(enumerate(digests)))
    smaller.update(dict(enumerate(digests[:count])))
    assert tree.prefix_root(count) == smaller.root
    assert tree.prefix_proof(index, count) == smaller.proof(index)


@pytest.mark.parametrize("index", [-1, 4**DEPTH])
def test_an_id_outside_the_tree_is_refused(index: int) -> None:
    tree = Tree(DEPTH)
    with pytest.raises(ValueError, match="outside"):
        tree.update({index: keccak256(b"")})
    with pytest.raises(ValueError, match="outside"):
        tree.proof(index)
    assert tree.root == ZERO
