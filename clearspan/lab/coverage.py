"""Which situations a campaign has met: fault by crash point by state of a packet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from relayers.crash_points import CrashPoint


class Coverage:
    """Counts situations of one world; worlds of a campaign are merged. Keys are plain text."""

    def __init__(self, active: Callable[[], Iterable[str]] = lambda: ()) -> None:
        self.met: Counter[tuple[str, str]] = Counter()
        self._active = active

    def passed(self, process: str, point: CrashPoint) -> None:
        """A process passed a crash point while these faults were active."""
        kind = process.split(" ", maxsplit=1)[0]
        for fault in self._active() or ("none",):
            self.met[fault, f"{kind}:{point}"] += 1

    def packet(self, state: str) -> None:
        """A packet was seen in a state while these faults were active."""
        for fault in self._active() or ("none",):
            self.met[fault, f"packet:{state}"] += 1

    def merge(self, other: Coverage) -> None:
        """Add what another world has met."""
        self.met.update(other.met)
