"""A segment is: clock, forced items, steps, commit. In that order and whatever the steps are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import Reason, StepRejected, apply, apply_forced, set_clock
from exchange.rollup import Segment, execute_segment
from tests.exchange.sequencer.venue import START, Venue, deposit, new_state


def test_a_segment_sets_the_clock_takes_items_first_then_steps_and_commits():
    venue = Venue()
    steps = (*venue.prices(), venue.sell(1, 60_000, 5), venue.buy(2, 60_000, 5), b"junk")
    segment = Segment(clock=START + 9, forced_count=3, steps=steps)
    state, expected = new_state(), new_state()
    execution = execute_segment(state, segment, venue.deposits())

    set_clock(expected, START + 9)
    events = [tuple(apply_forced(expected, item)) for item in venue.deposits()]
    events += [tuple(apply(expected, step)) for step in steps]
    assert execution.events == tuple(events)
    assert execution.root == state.root == expected.commit()
    assert (state.header.clock, state.header.sequence, state.header.queue_cursor) == (START + 9, 10, 3)
    assert [type(event).__name__ for event in execution.events[8]] == ["Filled"]
    assert execution.events[9] == (StepRejected(Reason.MALFORMED),)


def test_an_invalid_step_counts_but_changes_nothing_else():
    state, same = new_state(), new_state()
    execute_segment(state, Segment(clock=START, steps=(b"", b"\xff" * 40)), [])
    assert state.root != same.root
    same.header.sequence = 2
    assert state.root == same.commit()


@given(st.lists(st.binary(max_size=120), min_size=1, max_size=8))
def test_arbitrary_steps_execute(steps):
    state = new_state()
    assert len(execute_segment(state, Segment(clock=START, steps=tuple(steps)), []).root) == 32
    assert state.header.sequence == len(steps)


@pytest.mark.parametrize("given_items", [0, 2])
def test_another_number_of_items_than_the_segment_takes_is_refused(given_items):
    state = new_state()
    before = state.root
    items = [deposit(1, b"\x01" * 20)] * given_items
    with pytest.raises(ValueError, match="takes 1 forced items"):
        execute_segment(state, Segment(clock=START, forced_count=1), items)
    assert state.root == before
