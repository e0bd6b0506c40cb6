"""Replay agrees with honest claims and names the first wrong one by batch and segment."""

from dataclasses import replace

import pytest

from exchange.rollup import Batch, DifferenceKind, Segment, encode_segments, replay
from exchange.sequencer import Limits
from tests.exchange.sequencer.venue import START, Venue, new_state


@pytest.fixture(scope="module")
def posted():
    """Four batches of one to three segments, and the items of the queue, of which the last was not taken yet."""
    venue = Venue(limits=Limits())
    batches = []

    def cut():
        batches.append(venue.sequencer.next_batch())
        venue.sequencer.confirm_posted(batches[-1].index, batches[-1].commitment())

    items = venue.deposits()
    venue.sequencer.take_forced(0, items[:2])
    cut()
    for step in venue.prices():
        venue.sequencer.submit(step)
    venue.clock.seconds += 3
    venue.sequencer.submit(venue.sell(1, 60_000, 5))
    venue.sequencer.take_forced(2, items[2:])
    cut()
    venue.sequencer.submit(venue.buy(2, 60_000, 5))
    cut()
    venue.clock.seconds += 3
    venue.sequencer.submit(venue.withdraw(3, 10**6))
    cut()
    assert [len(batch.roots) for batch in batches] == [1, 3, 1, 1]
    return batches, [*items, items[0]]


def wrong(root):
    return bytes([root[0] ^ 1]) + root[1:]


def test_honest_claims_are_verified(posted):
    batches, items = posted
    report = replay(new_state(), batches, items)
    assert report.is_verified
    assert (report.batches, report.segments, report.steps, report.forced_items) == (4, 6, 7, 3)
    assert report.root == batches[-1].state_root


def test_nothing_posted_is_genesis(posted):
    report = replay(new_state(), [], posted[1])
    assert (report.is_verified, report.batches, report.root) == (True, 0, new_state().root)


@pytest.mark.parametrize(("batch", "segment"), [(0, 0), (1, 0), (1, 1), (1, 2), (2, 0), (3, 0)])
def test_a_wrong_root_is_named_by_batch_and_segment(posted, batch, segment):
    batches, items = posted
    batches = list(batches)
    roots = list(batches[batch].roots)
    true_root, roots[segment] = roots[segment], wrong(roots[segment])
    batches[batch] = replace(batches[batch], roots=tuple(roots))
    report = replay(new_state(), batches, items)
    assert not report.is_verified
    found = report.difference
    assert (found.kind, found.batch, found.segment) == (DifferenceKind.STATE_ROOT, batch, segment)
    assert (found.claimed, found.actual) == (roots[segment].hex(), true_root.hex())
    assert str(found) == (f"StateRoot at batch {batch}, segment {segment}: claimed {found.claimed}, is {found.actual}")
    assert (report.batches, report.segments) == (batch, sum(len(b.roots) for b in batches[:batch]) + segment)


def test_a_changed_step_shows_in_the_root_after_it(posted):
    batches, items = posted
    segments = list(batches[1].segments())
    steps = segments[1].steps
    assert steps
    segments[1] = Segment(clock=segments[1].clock, steps=(*steps[:-1], steps[-1][:-1] + bytes([steps[-1][-1] ^ 1])))
    changed = [batches[0], replace(batches[1], data=encode_segments(segments)), *batches[2:]]
    found = replay(new_state(), changed, items).difference
    assert (found.kind, found.batch, found.segment) == (DifferenceKind.STATE_ROOT, 1, 1)


def test_other_forced_items_show_in_the_root_after_them(posted):
    batches, items = posted
    changed = [items[0], replace(items[1], amount=items[1].amount + 1), *items[2:]]
    found = replay(new_state(), batches, changed).difference
    assert (found.kind, found.batch, found.segment) == (DifferenceKind.STATE_ROOT, 0, 0)


def test_a_missing_forced_item_is_named(posted):
    batches, items = posted
    found = replay(new_state(), batches, items[:2]).difference
    assert (found.kind, found.batch, found.segment) == (DifferenceKind.FORCED_ITEM_MISSING, 1, 2)
    assert (found.claimed, found.actual) == ("3", "2")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"index": 3}, DifferenceKind.INDEX),
        ({"parent_root": bytes(32)}, DifferenceKind.PARENT_ROOT),
        ({"data": b""}, DifferenceKind.MALFORMED),
        ({"data": b"\x00\x00\x01\x00"}, DifferenceKind.MALFORMED),
        ({"roots": ()}, DifferenceKind.MALFORMED),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole_is_named(posted, change, kind):
    batches, items = posted
    changed = [*batches[:2], replace(batches[2], **change), batches[3]]
    report = replay(new_state(), changed, items)
    assert (report.difference.kind, report.difference.batch, report.difference.segment) == (kind, 2, None)
    assert str(report.difference).startswith(f"{kind} at batch 2: ")
    assert report.root == batches[1].state_root


def test_a_left_out_or_repeated_batch_is_named(posted):
    batches, items = posted
    assert replay(new_state(), batches[1:], items).difference.kind is DifferenceKind.INDEX
    twice = [batches[0], batches[0]]
    assert replay(new_state(), twice, items).difference.batch == 1


def test_a_clock_that_falls_between_batches_is_named(posted):
    batches, items = posted
    segment = Segment(clock=START - 1, steps=(b"x",))
    late = Batch(index=4, parent_root=batches[-1].state_root, roots=(bytes(32),), data=encode_segments([segment]))
    found = replay(new_state(), [*batches, late], items).difference
    assert (found.kind, found.batch, found.segment) == (DifferenceKind.CLOCK_FALLS, 4, 0)
