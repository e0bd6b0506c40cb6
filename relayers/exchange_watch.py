"""What the venue's daemons tell of themselves: how old prices are, how long batches wait; and when that is too long."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from exchange.sequencer import SequencerError
from exchange.serving.remote import RemoteSequencer
from relayers.operating.metrics import Sample
from relayers.ports import BatchSource
from relayers.reports import Daemon, Journal, StepReport, WaitsFor


class Following:
    """A daemon that reads the venue's state: it looks at the log before every step."""

    def __init__(self, daemon: Daemon, venue: RemoteSequencer) -> None:
        self._daemon = daemon
        self._venue = venue

    def step(self) -> StepReport:
        """Follow, then let the daemon work; a venue that does not answer is waited for."""
        try:
            self._venue.follow()
        except SequencerError as error:
            return waiting_for_venue(error)
        return self._daemon.step()


def waiting_for_venue(error: SequencerError) -> StepReport:
    """The report of a step that came to nothing."""
    journal = Journal()
    journal.waits_for(WaitsFor.SEQUENCER, "venue", str(error))
    return journal.report()


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogBounds:
    """Beyond which a poster is not ready: bytes that wait, and seconds without a batch while some do."""

    backlog_bytes_max: int = 1_000_000
    unposted_seconds_max: int = 600


class BacklogWatch:
    """A poster that looks, after each step, whether it keeps up."""

    def __init__(
        self,
        daemon: Daemon,
        source: BatchSource,
        bounds: BacklogBounds,
        *,
        name: str = "poster",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._daemon = daemon
        self._source = source
        self._bounds = bounds
        self._name = name
        self._monotonic = monotonic
        self._backlog_bytes = 0
        self._posted = -1
        self._since = monotonic()

    def step(self) -> StepReport:
        """A step of the poster, then a look."""
        report = self._daemon.step()
        try:
            posted, backlog = self._source.posted_batches, self._source.backlog_bytes
        except SequencerError:
            return report
        if posted != self._posted or not backlog:
            self._since = self._monotonic()
        self._posted, self._backlog_bytes = posted, backlog
        return report

    def not_ready(self) -> list[str]:
        """Why it does not keep up."""
        bounds, reasons = self._bounds, []
        if self._backlog_bytes > bounds.backlog_bytes_max:
            reasons.append(f"{self._backlog_bytes} bytes wait to be posted")
        if self._unposted > bounds.unposted_seconds_max:
            reasons.append(f"no batch was posted for {self._unposted:.0f} s")
        return reasons

    def samples(self) -> Iterator[Sample]:
        """Backlog and time."""
        yield Sample(name="exchange_backlog_bytes", labels=(self._name,), value=self._backlog_bytes)
        yield Sample(name="exchange_unposted_seconds", labels=(self._name,), value=self._unposted)

    @property
    def _unposted(self) -> float:
        return self._monotonic() - self._since if self._backlog_bytes else 0.0


class PriceWatch:
    """An oracle that looks, after each step, how old the price is that margin reads.

    age_seconds_max: what the venue's configuration allows where None.
    """

    def __init__(
        self,
        daemon: Daemon,
        venue: RemoteSequencer,
        symbols: Sequence[str],
        now: Callable[[], int],
        *,
        age_seconds_max: int | None = None,
    ) -> None:
        self._daemon = daemon
        self._venue = venue
        self._symbols = symbols
        self._now = now
        self._age_seconds_max = age_seconds_max
        self._times: dict[str, int] = {}
        self._bounds: dict[str, int] = {}

    def step(self) -> StepReport:
        """A step of the oracle, then a look."""
        report = self._daemon.step()
        for symbol, underlying in zip(self._symbols, self._venue.state.underlyings, strict=False):
            self._times[symbol] = underlying.round_time
            self._bounds[symbol] = self._age_seconds_max or underlying.staleness
        return report

    def not_ready(self) -> list[str]:
        """Which prices are stale."""
        now = self._now()
        return [
            f"the price of {symbol} is {now - at} s old" if at else f"{symbol} has no price"
            for symbol, at in list(self._times.items())
            if now - at > self._bounds[symbol]
        ]

    def samples(self) -> Iterator[Sample]:
        """Ages by underlying."""
        now = self._now()
        for symbol, at in list(self._times.items()):
            if at:
                yield Sample(name="exchange_price_age_seconds", labels=(symbol,), value=now - at)
