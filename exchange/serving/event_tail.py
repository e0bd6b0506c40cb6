"""The newest events of a sequencer, kept in memory for who follows them; the log has them all."""

from __future__ import annotations

from collections import deque

from exchange.sdk.errors import Rejected
from exchange.sequencer import Sequenced, Sequencer
from exchange.serving.asked import Told

KEPT_MAX = 20_000


class EventTail:
    """Everything sequenced since it began to listen, up to `kept_max` things. For the thread of the sequencer."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        self._told: deque[Told] = deque(maxlen=kept_max)
        self._since = 0

    def listen(self, sequencer: Sequencer) -> None:
        """From now on; what another sequencer told is forgotten."""
        self._told.clear()
        self._since = sequencer.state.header.sequence
        sequencer.subscribe(self._take)

    def since(self, sequence: int, most: int) -> list[Told]:
        """What came after a sequence number, oldest first; raises Rejected(EventsForgotten) for one too far back."""
        if sequence < self._since:
            raise Rejected("EventsForgotten", f"events are kept after {self._since}; the log has the steps before it")
        last = self._told[-1].sequence if self._told else self._since
        if sequence >= last:
            return []
        return [told for told in self._told if told.sequence > sequence][:most]

    def _take(self, notice: Sequenced) -> None:
        if len(self._told) == self._told.maxlen:
            self._since = self._told[0].sequence
        told = Told(
            sequence=notice.sequence,
            clock=notice.clock,
            step=notice.step,
            forced_index=notice.forced_index,
            events=notice.events,
        )
        self._told.append(told)
