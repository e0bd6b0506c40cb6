"""The sequencer crashes in the middle of a batch, at each of its writes."""

from __future__ import annotations

from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.counter import Counter, counter
from clearspan.lab.scenarios.mutation import edited
from exchange.sequencer import LogCorrupt, LogDiverged, sequencer
from exchange.sequencer.kinds import NONCED_KINDS

WRITES = 12


def attack(_stage: Stage) -> Verdict:
    """Under load the process dies before a write, after it, or between two, for every write; and comes back."""
    crashes = lost = moved = refused = 0
    for number in range(WRITES):
        for moment in ("before", "after", "between"):
            with counter() as venue:
                crash(venue, number, moment)
                crashes += 1
                try:
                    venue.open()
                except (LogCorrupt, LogDiverged):
                    refused += 1
                    continue
                lost += len(venue.forgotten())
                moved += moved_when_resent(venue)
    return Verdict(
        survived=not lost and not moved and not refused,
        detail=f"{crashes} crashes; {lost} confirmed steps were lost, {moved} got another place when sent again; "
        f"{refused} times the process could not be started",
    )


def crash(venue: Counter, number: int, moment: str) -> None:
    """Put load on the venue until it dies at its write of that number, counted from 0."""
    if moment != "between":
        venue.log.writes_left, venue.log.keeps_last = number, moment == "after"
    for step, _ in zip(venue.load(WRITES), range(number + 1), strict=False):
        venue.submit(step)
    venue.kill()


def moved_when_resent(venue: Counter) -> int:
    """Every confirmed step is sent again: each must be answered as it was."""
    before = dict(venue.told)
    count = 0
    for step, told in before.items():
        if step[0] in NONCED_KINDS:
            venue.submit(step)
            count += venue.told[step].sequence != told.sequence
    return count


SCENARIO = Scenario(
    identifier="rollup-sequencer-crash",
    title="The sequencer crashes in the middle of a batch",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(
        mutation="records are written when there are ten of them",
        patch=partial(
            edited, sequencer.Sequencer, "_group", "if self._ledger.unsaved:", "if len(self._ledger.unsaved) >= 10:"
        ),
    ),
)
