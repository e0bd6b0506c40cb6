"""Tells subscribers what was sequenced, after it is durable and in order."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from logging import getLogger

from exchange.engine.events import Event
from exchange.sequencer.recutting import Recut

_log = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequenced:
    """One step or forced item that has its place.

    `sequence`: steps executed up to and with it. `clock`: seconds. `step`: its bytes, None for a forced item, whose
    index is then `forced_index`. With `recut`, neither: what had places above `sequence` gives them up, and what of it
    still holds follows.
    """

    sequence: int
    clock: int
    step: bytes | None
    forced_index: int | None
    events: tuple[Event, ...]
    recut: Recut | None = None


Subscriber = Callable[[Sequenced], None]


class Feed:
    """Subscribers and what they are still to be told.

    A subscriber that raises is logged and told the next thing all the same: nobody can stop the sequence by watching.
    One that submits while it is being told sees the outcome later, in order.
    """

    def __init__(self) -> None:
        self._subscribers: dict[int, Subscriber] = {}
        self._next_key = 0
        self._waiting: deque[Sequenced] = deque()
        self._telling = False

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` everything from now on; the answer ends that."""
        key = self._next_key
        self._next_key += 1
        self._subscribers[key] = subscriber
        return lambda: self._subscribers.pop(key, None) and None

    def tell(self, notices: list[Sequenced]) -> None:
        """Tell all subscribers."""
        self._waiting += notices
        if self._telling:
            return
        self._telling = True
        try:
            while self._waiting:
                notice = self._waiting.popleft()
                for subscriber in list(self._subscribers.values()):
                    _tell(subscriber, notice)
        finally:
            self._telling = False


def _tell(subscriber: Subscriber, notice: Sequenced) -> None:
    try:
        subscriber(notice)
    except Exception:  # noqa: BLE001 - whatever it is, it is the subscriber's
        _log.exception("a subscriber failed at sequence %d", notice.sequence)
