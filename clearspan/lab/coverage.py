"""Which situations a campaign has met: what was wrong, at which crash point a process was, how far the packets were.

A situation is a fault that is active, a point that some process passes meanwhile, and a stage in which some packet then
is. `universe` is all there are; a campaign says which of them it never met.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from clearspan.lab.faults import VOCABULARY
from relayers.crash_points import CrashPoint

NOTHING = "none"


class Stage(StrEnum):
    """How far packets are; several at a time."""

    IDLE = "none on its way"
    SENT = "sent"
    ANSWERED = "answered"


Situation = tuple[str, str]
"""A fault's word, and `crash point / stage`."""


class Coverage:
    """Counts situations of one world. `stages` of the moment, `active` faults of the moment."""

    def __init__(self, active: Callable[[], Iterable[str]], stages: Callable[[], Collection[Stage]]) -> None:
        self.met: Counter[Situation] = Counter()
        self._active = active
        self._stages = stages

    def passed(self, point: CrashPoint) -> None:
        """Some process passed a crash point."""
        stages = self._stages()
        for fault in list(self._active()) or [NOTHING]:
            for stage in stages:
                self.met[fault, f"{point}/{stage}"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a campaign never met: situations, of how many; faults and crash points that none of them names."""

    situations: tuple[Situation, ...]
    of: int
    faults: tuple[str, ...]
    points: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of all situations, how many were met."""
        return 1 - len(self.situations) / self.of


def universe() -> list[Situation]:
    """Every situation there is."""
    return [(fault, f"{point}/{stage}") for fault in (NOTHING, *VOCABULARY) for point in CrashPoint for stage in Stage]


def missing(met: Mapping[Situation, int]) -> Missing:
    """What of all that is not among what was met."""
    known = universe()
    faults = {fault for fault, _ in met}
    points = {point.partition("/")[0] for _, point in met}
    return Missing(
        situations=tuple(one for one in known if one not in met),
        of=len(known),
        faults=tuple(word for word in VOCABULARY if word not in faults),
        points=tuple(str(point) for point in CrashPoint if str(point) not in points),
    )
