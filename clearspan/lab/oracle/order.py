"""I5: vaults pay first come, first served, and no batch leaves out what was due in the forced queue."""

from __future__ import annotations

from collections.abc import Iterator

from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.conservation import Claim, Conservation
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant


class Order(Book):
    """Reads the vaults' claims from the books of conservation, which take each event first."""

    READS = frozenset({"CollateralVault", "ForcedQueue", "Rollup"})

    def __init__(self, accuse: Accuse, conservation: Conservation) -> None:
        super().__init__(accuse)
        self._conservation = conservation
        self._deadlines: list[int] = []
        self._cursor = 0

    def take(self, event: Event) -> None:
        """A payment, an item, or a batch."""
        if event.name == "Paid":
            self._paid(event)
        elif event.name == "ItemEnqueued":
            self._enqueued(event)
        elif event.name == "BatchPosted":
            self._posted(event)

    def _paid(self, event: Event) -> None:
        """A claim that came back from being redirected may be paid before others that came back."""
        claims = self._conservation.vaults[event.chain_id].claims
        paid = claims.get(bytes(event.arguments["id"]))
        if paid is None:
            return
        for claim in _before(claims, paid):
            if claim.left and not (paid.came_back and claim.came_back):
                text = f"was paid before claim {claim.number}, which still waits for {claim.left}"
                self.accuse(Invariant.ORDER, event, bytes(event.arguments["id"]).hex(), text)
                return

    def _enqueued(self, event: Event) -> None:
        index, deadline = int(event.arguments["index"]), int(event.arguments["deadline"])
        if index != len(self._deadlines) or (self._deadlines and deadline < self._deadlines[-1]):
            text = f"comes after item {len(self._deadlines) - 1}, its deadline is {deadline}"
            self.accuse(Invariant.ORDER, event, f"item {index}", text)
        self._deadlines.append(deadline)

    def _posted(self, event: Event) -> None:
        cursor = int(event.arguments["queueCursor"])
        subject = f"batch {event.arguments['index']}"
        if not self._cursor <= cursor <= len(self._deadlines):
            self.accuse(Invariant.ORDER, event, subject, f"takes the queue from {self._cursor} to {cursor}")
            return
        self._cursor = cursor
        if cursor < len(self._deadlines) and self._deadlines[cursor] < event.time:
            late = event.time - self._deadlines[cursor]
            self.accuse(Invariant.ORDER, event, subject, f"leaves out item {cursor}, overdue by {late} s")


def _before(claims: dict[bytes, Claim], paid: Claim) -> Iterator[Claim]:
    """Claims on the same lane that arose earlier."""
    for claim in claims.values():
        if claim.number >= paid.number:
            return
        if (claim.asset, claim.way) == (paid.asset, paid.way):
            yield claim
