"""What every book of the judge has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from chains.blocks import Block
from chains.local import LocalChain
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant

Accuse = Callable[[Invariant, Event, str, str], None]
"""Notes a violation: the promise, the event that broke it, what it is about, and how."""


class Book:
    """Keeps one promise's books. Every method does nothing until it is overridden."""

    READS: ClassVar[frozenset[str]] = frozenset()
    """Artifacts whose events it takes."""

    def __init__(self, accuse: Accuse) -> None:
        self.accuse = accuse

    def take(self, event: Event) -> None:
        """One event of a final block, each chain's in order."""

    def read(self, chain: LocalChain, block: Block) -> None:
        """One final block, after its events."""

    def judge(self) -> None:
        """All that is final now was read, on every chain: what concerns several is judged here."""

    def look_back(self) -> None:
        """The run is over."""
