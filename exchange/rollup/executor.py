"""Executes segments on a state: the clock, then the forced items, then the steps, then one commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.engine import Event, ForcedItem, apply, apply_forced, set_clock
from exchange.rollup.segment import Segment
from exchange.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a segment came to: the state root after it, and the events of each forced item and step in order."""

    root: bytes
    events: tuple[tuple[Event, ...], ...]


def execute_segment(state: State, segment: Segment, forced_items: Sequence[ForcedItem]) -> Execution:
    """Run a segment; the state moves on to its end.

    `forced_items` are exactly those the segment takes, in order; ValueError for another number. Total otherwise: a step
    that is not valid is a no-op that counts.
    """
    if len(forced_items) != segment.forced_count:
        raise ValueError(f"the segment takes {segment.forced_count} forced items, not {len(forced_items)}")
    set_clock(state, segment.clock)
    events = [tuple(apply_forced(state, item)) for item in forced_items]
    events += [tuple(apply(state, step)) for step in segment.steps]
    return Execution(root=state.commit(), events=tuple(events))
