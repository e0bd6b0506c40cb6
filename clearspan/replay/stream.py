"""All recordings as one stream in order of receipt, the spot mids among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from clearspan.replay.recording import Best, Depth, Recording, Trade, read_lines
from exchange.sdk.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpetualLine:
    """A line of a perpetual's file; `market` is the recording's place in the list."""

    time_ns: int
    market: int
    event: Depth | Best | Trade | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotMid:
    """The middle between the best spot prices, 1e-8, rounded down."""

    time_ns: int
    market: int
    price: int


def stream(recordings: Sequence[Recording], *, limit: int | None = None) -> Iterator[PerpetualLine | SpotMid]:
    """Perpetual lines and spot mids in order of receipt, up to `limit` perpetual lines of all files together.

    What was received at the same nanosecond keeps the order of the recordings, spot first.
    """
    sources: list[Iterator[PerpetualLine | SpotMid]] = []
    for market, recording in enumerate(recordings):
        sources += [_mids(recording, market), _lines(recording, market)]
    taken = 0
    for item in merge(*sources, key=lambda found: found.time_ns):
        if isinstance(item, PerpetualLine):
            taken += 1
        yield item
        if taken == limit:
            return


def first_time_ns(recordings: Sequence[Recording]) -> int:
    """When the first perpetual line was received; raises Rejected(BadRecording) for a file without any."""
    found = []
    for recording in recordings:
        first = next(read_lines(recording.perpetual), None)
        if first is None:
            raise Rejected("BadRecording", f"{recording.perpetual.name} is empty")
        found.append(first.time_ns)
    return min(found)


def _lines(recording: Recording, market: int) -> Iterator[PerpetualLine | SpotMid]:
    for line in read_lines(recording.perpetual):
        yield PerpetualLine(time_ns=line.time_ns, market=market, event=line.event)


def _mids(recording: Recording, market: int) -> Iterator[PerpetualLine | SpotMid]:
    for line in read_lines(recording.spot):
        if isinstance(line.event, Best):
            yield SpotMid(time_ns=line.time_ns, market=market, price=(line.event.bid + line.event.ask) // 2)
