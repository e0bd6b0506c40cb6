"""The recorded book: snapshot, deltas and best quotes put together."""

from __future__ import annotations

from dataclasses import dataclass

from sortedcontainers import SortedDict

from clearspan.replay.recording import Best, Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Levels as (price, size), 1e-8, best first."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class RecordedBook:
    """Price levels of one market as the recording has them.

    Deltas count only after the snapshot. A best quote newer than the last delta removes what it contradicts, as does a
    delta older than the last best quote, whose levels are stale at the touch.
    """

    def __init__(self) -> None:
        self._bids: SortedDict[int, int] = SortedDict()
        self._asks: SortedDict[int, int] = SortedDict()
        self._snapshot: int | None = None
        self._best: Best | None = None

    def apply(self, event: Depth | Best) -> None:
        """Takes one event in the order it was received."""
        if isinstance(event, Best):
            self._best = event
            self._touch(event)
            return
        if event.first is None:
            self._bids.clear()
            self._asks.clear()
            self._snapshot = event.last
        elif self._snapshot is None or event.last <= self._snapshot:
            return
        for levels, changes in ((self._bids, event.bids), (self._asks, event.asks)):
            for price, size in changes:
                if size:
                    levels[price] = size
                else:
                    levels.pop(price, None)
        if self._best is not None and self._best.update > event.last:
            self._touch(self._best)

    def quotes(self, levels: int) -> Quotes:
        """The best `levels` of each side."""
        bids = tuple(self._bids.peekitem(-1 - i) for i in range(min(levels, len(self._bids))))
        asks = tuple(self._asks.peekitem(i) for i in range(min(levels, len(self._asks))))
        return Quotes(bids=bids, asks=asks)

    def _touch(self, best: Best) -> None:
        while self._bids and self._bids.peekitem(-1)[0] > best.bid:
            self._bids.popitem(-1)
        while self._asks and self._asks.peekitem(0)[0] < best.ask:
            self._asks.popitem(0)
        self._bids[best.bid] = best.bid_size
        self._asks[best.ask] = best.ask_size
