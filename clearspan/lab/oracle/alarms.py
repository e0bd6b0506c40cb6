"""I18: who watches cries out when I1, I2 or I3 is broken, in time, and never otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clearspan.lab.oracle.violations import Invariant, Violation

WATCHED = frozenset({Invariant.CONSERVATION, Invariant.ONCE, Invariant.PROVEN})
ALARMING = WATCHED | {
    Invariant.LIGHT_CLIENT,
    Invariant.NO_SUCCESS_AND_REFUND,
    Invariant.ENTITLEMENT,
    Invariant.NO_PRIVILEGE,
    Invariant.LIMITER,
}
"""What may raise an alarm without it being a false one."""
BLOCKS = 10
"""Blocks within which an alarm has to come."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a watcher cried, in seconds."""

    time: int
    subject: str
    detail: str


def misjudged(violations: Sequence[Violation], alarms: Sequence[Alarm], *, block_seconds: int) -> Iterator[str]:
    """What should have been cried out and was not, and what was without a reason."""
    for violation in violations:
        if violation.invariant not in WATCHED:
            continue
        latest = violation.time + BLOCKS * block_seconds
        if not any(alarm.time <= latest for alarm in alarms):
            yield f"nobody cried out by {latest} over {violation}"
            return
    if alarms and not any(violation.invariant in ALARMING for violation in violations):
        yield f"a false alarm at {alarms[0].time}: {alarms[0].subject} {alarms[0].detail}"
