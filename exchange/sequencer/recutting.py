"""What is known of confirmed steps whose batch the settlement chain can never take, before and after a new cut."""

from dataclasses import dataclass

from exchange.engine import Event, ForcedItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a step came to lie: steps executed up to and with it, and the clock of its segment in seconds.

    `cut`: how often what was not posted had been cut anew before.
    """

    sequence: int
    step_hash: bytes
    clock: int
    cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A place, and what the step did together with the steps that finished it."""

    place: Place
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redone:
    """A confirmed step that comes out differently: `reason` it is refused for now, or `after`, what it does instead."""

    before: Receipt
    after: Receipt | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recut:
    """One new cut, the `cut`th, from batch `index` on; `changed` are the confirmed steps whose result is another."""

    cut: int
    index: int
    changed: tuple[Redone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was given up: the queue's items and the steps with their clocks, in order; `sequence` is where it begins.

    `receipts`: of steps that somebody signed, by step hash.
    """

    index: int
    cut: int
    sequence: int
    items: tuple[ForcedItem, ...]
    steps: tuple[tuple[int, bytes], ...]
    receipts: dict[bytes, Receipt]
