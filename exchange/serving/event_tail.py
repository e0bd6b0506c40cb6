"""The newest events of a sequencer, kept in memory for who follows them; the log has them all."""

from __future__ import annotations

from collections import deque

from exchange.sdk.errors import Rejected
from exchange.sequencer import Sequenced, Sequencer
from exchange.serving.asked import Since, Told

KEPT_MAX = 20_000


class EventTail:
    """Everything sequenced since it began to listen, up to `kept_max` things. For the thread of the sequencer."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        self._told: deque[Told] = deque(maxlen=kept_max)
        self._next = 1
        self._since = 0

    def listen(self, sequencer: Sequencer) -> None:
        """From now on; what another sequencer told is forgotten."""
        self._told.clear()
        self._since = sequencer.state.header.sequence
        sequencer.subscribe(self._take)

    def after(self, wanted: Since) -> list[Told]:
        """What came after a place or a sequence number, oldest first.

        After a number: what came after the last thing that has it, or a lower one. Raises Rejected(EventsForgotten) for
        one too far back, and Rejected(Malformed) without either.
        """
        if wanted.place is not None:
            return self._from(wanted.place + 1, wanted.most)
        if wanted.sequence is None:
            raise Rejected("Malformed", "a sequence number or a place is needed")
        for told in reversed(self._told):
            if told.sequence <= wanted.sequence:
                return self._from(told.place + 1, wanted.most)
        if wanted.sequence < self._since:
            raise Rejected("EventsForgotten", f"events are kept after {self._since}; the log has the steps before it")
        return self._from(self._first, wanted.most)

    @property
    def _first(self) -> int:
        return self._next - len(self._told)

    def _from(self, place: int, most: int) -> list[Told]:
        if place < self._first:
            raise Rejected("EventsForgotten", f"events are kept from place {self._first} on")
        return [told for told in self._told if told.place >= place][:most]

    def _take(self, notice: Sequenced) -> None:
        if len(self._told) == self._told.maxlen:
            self._since = self._told[0].sequence
        told = Told(
            place=self._next,
            sequence=notice.sequence,
            clock=notice.clock,
            step=notice.step,
            forced_index=notice.forced_index,
            events=notice.events,
            recut=notice.recut,
        )
        self._next += 1
        self._told.append(told)
