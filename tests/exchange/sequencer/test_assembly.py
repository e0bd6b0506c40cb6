"""Entries become segments and batches within their limits, and what is sealed stays as it is."""

import pytest

from exchange.rollup.batch import MAX_BATCH_BYTES
from exchange.rollup.segment import MAX_STEP_BYTES, Segment
from exchange.sequencer.assembly import LARGEST_ENTRY, Assembly, Limits
from exchange.sequencer.errors import BatchRefused

GENESIS = b"\x07" * 32


def root(number):
    return bytes([number]) * 32


def closed(assembly, clock, steps=(), *, forced=0, ends=1):
    assembly.begin(clock)
    for _ in range(forced):
        assembly.add_forced()
    for step in steps:
        assembly.add_step(step)
    assembly.close(root(ends))


def test_segments_and_roots_become_batches_one_after_the_other():
    assembly = Assembly(GENESIS, Limits())
    closed(assembly, 5, [b"a", b"bc"], forced=2, ends=1)
    closed(assembly, 5, [b"d"], ends=2)
    first = assembly.seal()
    closed(assembly, 6, forced=1, ends=3)
    second = assembly.seal()
    assert (first.index, first.parent_root, first.roots) == (0, GENESIS, (root(1), root(2)))
    assert first.segments() == (
        Segment(clock=5, forced_count=2, steps=(b"a", b"bc")),
        Segment(clock=5, steps=(b"d",)),
    )
    assert (second.index, second.parent_root, second.roots) == (1, root(2), (root(3),))
    assert list(assembly.sealed) == [first, second]
    assert assembly.posted(0) == first
    assert list(assembly.sealed) == [second]


def test_sizes_are_those_of_data_and_roots():
    assembly = Assembly(GENESIS, Limits())
    closed(assembly, 5, [b"a", b"bc"])
    assembly.begin(6)
    assembly.add_step(b"d")
    assert assembly.batch_size == assembly.backlog == (13 + 3 + 4 + 32) + (13 + 3 + 32)
    assembly.close(root(2))
    batch = assembly.seal()
    assert (assembly.batch_size, assembly.backlog) == (0, len(batch.data) + 64)
    assembly.posted(0)
    assert assembly.backlog == 0


def test_what_fits_is_exact():
    assembly = Assembly(GENESIS, Limits(batch_bytes=LARGEST_ENTRY, backlog_bytes=2 * LARGEST_ENTRY))
    assert assembly.fits(LARGEST_ENTRY)
    assert not assembly.fits(LARGEST_ENTRY + 1)
    assembly.begin(5)
    assembly.add_step(bytes(MAX_STEP_BYTES - 5))
    assert assembly.fits(5)
    assert not assembly.fits(6)
    assert not assembly.is_backlog_full(LARGEST_ENTRY + 5)
    assert assembly.is_backlog_full(LARGEST_ENTRY + 6)


def test_a_segment_has_room_for_32_entries():
    assembly = Assembly(GENESIS, Limits())
    assembly.begin(5)
    assembly.add_forced()
    for _ in range(31):
        assert not assembly.open.is_full
        assembly.add_step(b"")
    assert assembly.open.is_full
    with pytest.raises(ValueError, match="no segment with room"):
        assembly.add_step(b"")


def test_moves_out_of_order_are_refused():
    assembly = Assembly(GENESIS, Limits())
    for move in (lambda: assembly.add_step(b""), assembly.add_forced, lambda: assembly.close(root(1)), assembly.seal):
        with pytest.raises(ValueError, match="no"):
            move()
    assembly.begin(5)
    with pytest.raises(ValueError, match="no segment to close"):
        assembly.close(root(1))
    with pytest.raises(ValueError, match="a segment is open"):
        assembly.begin(5)
    assembly.add_step(b"")
    with pytest.raises(ValueError, match="forced items come before"):
        assembly.add_forced()
    with pytest.raises(ValueError, match="nothing to seal"):
        assembly.seal()


def test_batches_are_posted_in_order_and_once():
    assembly = Assembly(GENESIS, Limits())
    for number in (1, 2):
        closed(assembly, number, [b"x"], ends=number)
        assembly.seal()
    for index, reason in ((2, "Unknown: batch 2"), (1, "OutOfOrder: batch 1")):
        with pytest.raises(BatchRefused, match=reason):
            assembly.posted(index)
    assembly.posted(0)
    with pytest.raises(BatchRefused, match="OutOfOrder: batch 0"):
        assembly.posted(0)
    assembly.posted(1)


@pytest.mark.parametrize("size", [0, LARGEST_ENTRY - 1, MAX_BATCH_BYTES + 1])
def test_limits_leave_room_for_the_largest_step_and_none_above_the_protocol(size):
    with pytest.raises(ValueError, match="batch_bytes must be between"):
        Limits(batch_bytes=size)
