"""The venue's own process: a desk with the sequencer, its servers, and the forced queue read into it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.settlement import ForcedQueue, Rollup
from exchange.engine import ForcedItem
from exchange.rollup import Batch
from exchange.sequencer import SequencerError
from exchange.serving.desk import ThreadDesk
from exchange.serving.questions import Questions, serve
from exchange.serving.rates import AccountRates
from relayers.crash_points import Hook, no_hook
from relayers.operating.metrics import Sample
from relayers.queue_reader import QueueReader
from relayers.reports import StepReport
from relayers.settled_batches import SettledBatches
from relayers.store import Store

LOOK_SECONDS = 2.0
"""How long health and metrics wait for the sequencer."""


class DeskSink:
    """The forced queue's way to the desk."""

    def __init__(self, desk: ThreadDesk) -> None:
        self._desk = desk

    @property
    def forced_cursor(self) -> int:
        """See ForcedItemSink."""
        return self._desk.ask(lambda inner: inner.forced_cursor)

    def take_forced(self, first_index: int, items: Sequence[ForcedItem]) -> int:
        """See ForcedItemSink."""
        return self._desk.ask(lambda inner: inner.take_forced(first_index, items))


class Settlement:
    """The settlement chain, as the venue asks it before it believes anybody."""

    def __init__(self, rollup: Rollup) -> None:
        self._chain = rollup.chain
        self._settled = SettledBatches(rollup)

    def is_posted(self, index: int, commitment: bytes) -> bool:
        """See SettledBatches."""
        return self._settled.is_posted(index, commitment)

    def death_of(self, batch: Batch) -> tuple[int, int | None] | None:
        """From what clock on to cut anew, and the overdue item, where no later block can take the batch."""
        death = self._settled.death_of(batch, self._chain.finalized_header())
        return None if death is None else (death.earliest, death.overdue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where traders ask, and where the operator's daemons do."""

    public: str
    operators: str


class VenueHost:
    """Serves as soon as it is made; each step reads the forced queue once.

    What the settlement chain has is read from its final blocks; nobody is believed about it.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        desk: ThreadDesk,
        store: Store,
        queue: ForcedQueue,
        rollup: Rollup,
        *,
        operator: bytes,
        now: Callable[[], int],
        addresses: Addresses,
        first_block: int = 0,
        rates: AccountRates | None = None,
        hook: Hook = no_hook,
    ) -> None:
        self.desk = desk
        self._reader = QueueReader(store, queue, DeskSink(desk), first_block=first_block, hook=hook)
        questions = Questions(desk, now, operator, Settlement(rollup), rates=rates)
        with ExitStack() as servers:
            servers.callback(desk.stop)
            for url, answers in ((addresses.public, questions.public), (addresses.operators, questions.operators)):
                servers.enter_context(serve(answers, host=_host(url), port=_port(url)))
            self._servers = servers.pop_all()

    def step(self) -> StepReport:
        """Take in what the forced queue has in final blocks."""
        return self._reader.step()

    def close(self) -> None:
        """Answer no more, then let go of the log."""
        self._servers.close()

    def not_ready(self) -> list[str]:
        """Whether the sequencer works at all."""
        try:
            self.desk.ask(lambda inner: inner.posted_batches, within_seconds=LOOK_SECONDS)
        except SequencerError as error:
            return [f"the sequencer does not work: {error}"]
        return []

    def samples(self) -> Iterator[Sample]:
        """Backlog and line."""
        yield Sample(name="exchange_waiting", labels=(), value=self.desk.waiting)
        try:
            backlog = self.desk.ask(lambda inner: inner.backlog_bytes, within_seconds=LOOK_SECONDS)
        except SequencerError:
            return
        yield Sample(name="exchange_backlog_bytes", labels=("venue",), value=backlog)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "127.0.0.1"


def _port(url: str) -> int:
    return urlsplit(url).port or 80
