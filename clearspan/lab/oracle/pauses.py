"""I20: nothing leaves a paused vault, and what waited leaves once the pause is over."""

from __future__ import annotations

from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.conservation import Conservation
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant

EXITS = frozenset({"Paid", "Withdrawn", "Redirected", "Deposited"})
RESUMES_WITHIN_SECONDS = 600
"""After a pause, what could be paid has been paid by then."""


class Pauses(Book):
    """Each vault's pauses by its events."""

    READS = frozenset({"CollateralVault"})

    def __init__(self, accuse: Accuse, conservation: Conservation) -> None:
        super().__init__(accuse)
        self._conservation = conservation
        self._until: dict[int, int] = {}
        self._pause: dict[int, Event] = {}
        self._last_time: dict[int, int] = {}

    def take(self, event: Event) -> None:
        """A pause, its end, or what it forbids."""
        self._last_time[event.chain_id] = event.time
        if event.name == "Paused":
            self._until[event.chain_id] = int(event.arguments["until"])
            self._pause[event.chain_id] = event
        elif event.name == "Unpaused":
            self._until[event.chain_id] = event.time
        elif event.name in EXITS and event.time < self._until.get(event.chain_id, 0):
            left = self._until[event.chain_id] - event.time
            self.accuse(Invariant.PAUSE, event, event.name, f"{left} s before the vault's pause ends")

    def look_back(self) -> None:
        """Who was paused and still owes, though nothing but the pause was in the way."""
        for chain_id, event in self._pause.items():
            owed = [claim for claim in self._conservation.vaults[chain_id].claims.values() if claim.left]
            is_over = self._last_time[chain_id] >= self._until[chain_id] + RESUMES_WITHIN_SECONDS
            if owed and is_over:
                self.accuse(Invariant.PAUSE, event, "exits", f"{len(owed)} claims wait long after the pause")
