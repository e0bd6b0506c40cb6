"""The venue's state re-executed from its log, elsewhere: nothing the venue says of its state is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from exchange.engine import SECP256K1, Signatures
from exchange.sequencer.assembly import Limits
from exchange.sequencer.ledger import Ledger
from exchange.sequencer.log import checked
from exchange.serving.asked import LogEntry
from exchange.state import State


class Follower:
    """Takes entries in order, from genesis on. `genesis` makes the first state anew."""

    def __init__(self, genesis: Callable[[], State], *, signatures: Signatures = SECP256K1) -> None:
        self._genesis = genesis
        self._signatures = signatures
        self.restart()

    def restart(self) -> None:
        """Forget everything; the log is read from its beginning."""
        state = self._genesis()
        self._ledger = Ledger(state, Limits(), self._signatures)
        self.height = 0
        self._head = state.root

    @property
    def state(self) -> State:
        """After the last entry; to be read only."""
        return self._ledger.state

    def take(self, entries: Iterable[LogEntry]) -> int:
        """Execute the entries that come next; returns how many. Raises `LogCorrupt` or `LogDiverged`.

        After either, `restart`: an entry may have been executed in part.
        """
        first, taken = self.height, 0
        rows = ((height, entry.payload, entry.digest) for height, entry in enumerate(entries, first))
        for entry in checked(self._head, first, rows):
            self._ledger.repeat(entry)
            taken, self._head = taken + 1, entry.digest
            self.height = entry.height + 1
        return taken
