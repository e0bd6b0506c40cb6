"""I13 and I7: the exchange executed again from genesis by what was posted, batch by batch as each becomes final."""

from __future__ import annotations

from typing import Protocol

from eth_utils.address import to_canonical_address

from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.final_events import Event, decode_call
from clearspan.lab.oracle.violations import Invariant
from exchange.engine import Event as Deed
from exchange.engine import ForcedItem, apply, apply_forced, set_clock
from exchange.engine.invariants import InvariantError, check
from exchange.rollup.batch import Batch
from exchange.rollup.errors import MalformedBatch
from exchange.rollup.segment import Segment
from exchange.state.state import State

POST = "postBatch"


class Clerk(Protocol):
    """Looks on while the venue is executed again."""

    def after_step(self, state: State, deeds: list[Deed], event: Event) -> None:
        """A forced item or a step was executed; `event` posted it."""
        ...


class Venue(Book):
    """The venue's state as what was posted makes it; after the first wrong claim it stands still, not `is_whole`."""

    READS = frozenset({"Rollup", "ForcedQueue"})

    def __init__(self, accuse: Accuse, genesis: State) -> None:
        super().__init__(accuse)
        self.state = genesis
        self.clerks: list[Clerk] = []
        self.is_whole = True
        self.batches = self.steps = 0
        self._root = genesis.commit()
        self._items: list[ForcedItem] = []
        self._taken = 0
        self._last: Event | None = None

    def take(self, event: Event) -> None:
        """An item that was queued, or a batch that was posted."""
        if event.name == "ItemEnqueued":
            kind, account, owner, asset, amount, packet_id, enqueued_at = event.arguments["item"]
            self._items.append(
                ForcedItem(
                    kind=kind,
                    account=account,
                    owner=to_canonical_address(owner),
                    asset=asset,
                    amount=amount,
                    packet_id=bytes(packet_id),
                    enqueued_at=enqueued_at,
                )
            )
        elif event.name == "BatchPosted" and self.is_whole:
            self._last = event
            problem = self._execute(event)
            if problem:
                self.is_whole = False
                self.accuse(Invariant.REPLAYED, event, f"batch {event.arguments['index']}", problem)

    def look_back(self) -> None:
        """The state keeps the engine's own invariants, conservation among them."""
        if self._last is None or not self.is_whole:
            return
        try:
            check(self.state)
        except InvariantError as error:
            self.accuse(Invariant.MARGIN, self._last, "posted state", str(error))

    def _execute(self, event: Event) -> str:  # noqa: PLR0911 - one for each thing that can be wrong
        """Execute a batch; what is wrong with its claims, nothing if they hold."""
        payload = event.transaction.input
        if event.transaction.to != event.address:
            return "was not posted by a call of the rollup"
        index, parent, roots, body = decode_call("Rollup", POST, payload)[:4]
        batch = Batch(index=index, parent_root=bytes(parent), roots=tuple(map(bytes, roots)), data=bytes(body))
        if (index, batch.parent_root) != (self.batches, self._root):
            return f"follows {index - 1} and {batch.parent_root.hex()}, not {self.batches - 1} and {self._root.hex()}"
        if batch.commitment() != bytes(event.arguments["commitment"]):
            return "is not what the rollup committed to"
        try:
            segments = batch.segments()
        except MalformedBatch as error:
            return str(error)
        if segments[0].clock < self.state.header.clock:
            return f"its clock falls to {segments[0].clock}"
        for number, (segment, claimed) in enumerate(zip(segments, batch.roots, strict=True)):
            last = self._taken + segment.forced_count
            if last > len(self._items):
                return f"segment {number} takes item {last - 1} of {len(self._items)}"
            self._run(segment, self._items[self._taken : last], event)
            self._taken = last
            self._root = self.state.commit()
            if self._root != claimed:
                return f"segment {number} ends in {self._root.hex()}, claimed {claimed.hex()}"
        self.batches += 1
        return ""

    def _run(self, segment: Segment, items: list[ForcedItem], event: Event) -> None:
        set_clock(self.state, segment.clock)
        for item in items:
            self._tell(list(apply_forced(self.state, item)), event)
        self.steps += len(segment.steps)
        for step in segment.steps:
            self._tell(list(apply(self.state, step)), event)

    def _tell(self, deeds: list[Deed], event: Event) -> None:
        for clerk in self.clerks:
            clerk.after_step(self.state, deeds, event)
