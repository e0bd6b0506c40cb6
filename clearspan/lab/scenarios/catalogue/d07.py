"""dYdX's chain: an upgrade under load came to other results, and nothing moved for nine hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.counter import Counter, counter
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import matching
from exchange.sequencer import LogDiverged, ledger

ROUNDS = 8


def attack(_stage: Stage) -> Verdict:
    """Under load the process is exchanged for the same release, for one that rounds otherwise, and back."""
    with counter() as venue:
        load = venue.load(3 * ROUNDS)
        upgrade = upgrades(venue, load, flawed=False)
        bad = upgrades(venue, load, flawed=True)
        venue.kill()
        back = "refused"
        try:
            venue.open()
            back = "started"
        except LogDiverged:
            pass
        lost = len(venue.forgotten()) if back == "started" else len(venue.told)
        return Verdict(
            survived=upgrade == "started" and bad == "refused" and back == "started" and not lost,
            detail=f"{len(venue.told)} steps confirmed; the same release {upgrade}, the flawed one {bad}, then the old "
            f"one {back}; {lost} confirmed steps lost",
        )


def upgrades(venue: Counter, load: Iterator[bytes], *, flawed: bool) -> str:
    """Stop in the middle of the load and start another release; it takes the load if it starts."""
    for step, _ in zip(load, range(4 * ROUNDS), strict=False):
        venue.submit(step)
    venue.kill()
    fee = "taker_fee = -(-cash * taker_fee_rate // _FEE_SCALE)"
    release = partial(edited, matching, "match", fee, f"{fee} + 1") if flawed else nullcontext
    with release():
        try:
            venue.open()
        except LogDiverged:
            return "refused"
        for step, _ in zip(load, range(2 * ROUNDS), strict=False):
            venue.submit(step)
    return "started"


SCENARIO = Scenario(
    identifier="D7",
    title="An upgrade under load stops the venue",
    group="venue",
    source="dYdX chain, 8 Apr 2024, 9.5 h halt",
    attack=attack,
    twin=Twin(
        mutation="what a release makes of the log is not compared with what is in it",
        patch=partial(edited, ledger.Ledger, "repeat", "if self.unsaved != [entry.payload]:", "if False:"),
    ),
)
