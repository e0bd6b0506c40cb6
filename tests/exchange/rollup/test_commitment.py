"""The commitment against a second writing of its definition; against the contract in test_commitment_on_chain.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_keccak import keccak256

from exchange.rollup.batch import Batch, encode_segments
from exchange.rollup.commitment import commitment
from exchange.rollup.segment import Segment


def full_tree(leaves):
    """The definition as written: pad to a power of four first, a node of four zeros is zero."""
    width = 1
    while width < len(leaves):
        width *= 4
    level = leaves + [bytes(32)] * (width - len(leaves))
    while len(level) > 1:
        groups = [b"".join(level[at : at + 4]) for at in range(0, len(level), 4)]
        level = [keccak256(b"\x01" + group) if any(group) else bytes(32) for group in groups]
    return level[0]


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(min_size=32, max_size=32)), min_size=1, max_size=70))
def test_commitment_is_that_of_the_definition(pairs):
    leaves = [keccak256(b"\x02" + keccak256(body) + root) for body, root in pairs]
    expected = keccak256(b"\x03" + len(pairs).to_bytes(4, "big") + full_tree(leaves))
    assert commitment([body for body, _ in pairs], [root for _, root in pairs]) == expected


@given(st.integers(0, 4), st.integers(0, 8 * 32 - 1), st.booleans())
def test_every_bit_of_body_and_root_is_bound(which, bit, in_root):
    bodies = [bytes([index]) * 32 for index in range(5)]
    roots = [bytes([index + 9]) * 32 for index in range(5)]
    before = commitment(bodies, roots)
    changed = roots if in_root else bodies
    changed[which] = (int.from_bytes(changed[which], "big") ^ (1 << bit)).to_bytes(32, "big")
    assert commitment(bodies, roots) != before


def test_a_batch_commits_to_bodies_and_roots():
    segments = (Segment(clock=1, forced_count=1), Segment(clock=1, steps=(b"x",)))
    roots = (b"\1" * 32, b"\2" * 32)
    batch = Batch(index=0, parent_root=bytes(32), roots=roots, data=encode_segments(segments))
    assert batch.commitment() == commitment([segment.body() for segment in segments], roots)


def test_a_root_too_few_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        commitment([b"a", b"b"], [bytes(32)])
