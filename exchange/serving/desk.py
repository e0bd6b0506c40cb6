"""The one thread that touches a sequencer and its state, and the bounded line of those who wait for it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any, Protocol, TypeVar

from exchange.sequencer import Confirmation, Sequencer, SequencerError, Unavailable, UnavailableReason

T = TypeVar("T")
Question = Callable[[Sequencer], Any]

WAITING_MAX = 1_024
GROUP_MAX = 256
"""Steps that are made durable in one write."""
TICK_SECONDS = 0.5
REOPEN_SECONDS = 2.0
ANSWER_SECONDS = 30.0
_log = getLogger(__name__)


class Desk(Protocol):
    """Where a sequencer is spoken to."""

    def submit(self, step: bytes) -> Confirmation:
        """Execute a step and make it durable. Raises as `Sequencer.submit` does."""
        ...

    def ask(self, question: Callable[[Sequencer], T]) -> T:
        """What a question finds out while nobody else is at the desk; it must not keep live parts of the state."""
        ...


class OwnDesk:
    """A sequencer of this thread, or of threads that take turns by a lock of theirs."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer

    def submit(self, step: bytes) -> Confirmation:
        """See Desk."""
        return self._sequencer.submit(step)

    def ask(self, question: Callable[[Sequencer], T]) -> T:
        """See Desk."""
        return question(self._sequencer)


@dataclass(slots=True, kw_only=True)
class _Job:
    """A step, or a question."""

    step: bytes | None = None
    question: Question | None = None
    answer: Future[Any] = field(default_factory=Future)


class ThreadDesk:
    """Opens a sequencer in a thread of its own, and opens it again where its log failed; for any number of threads.

    `open_sequencer` replays the log; what it raises at the first time, `start` raises. Who finds `waiting_max` others
    waiting is told Unavailable(Busy) at once. Steps that wait together are written together; `ahead` is told of them
    before the first is executed.
    """

    def __init__(
        self,
        open_sequencer: Callable[[], Sequencer],
        *,
        waiting_max: int = WAITING_MAX,
        answer_seconds: float = ANSWER_SECONDS,
        ahead: Callable[[Sequence[bytes]], None] | None = None,
    ) -> None:
        self._open_sequencer = open_sequencer
        self._ahead = ahead
        self._line: queue.Queue[_Job | None] = queue.Queue(waiting_max)
        self._answer_seconds = answer_seconds
        self._thread = threading.Thread(target=self._run, name="venue", daemon=True)
        self._opened: Future[None] = Future()
        self._sequencer: Sequencer | None = None
        self._reopen_at = 0.0
        self._ends = False
        self._is_last = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._line.qsize()

    def start(self) -> None:
        """Returns once the log is replayed."""
        self._thread.start()
        self._opened.result()

    def stop(self) -> None:
        """Answer who waits already, then let go of the log."""
        self._ends = True
        self._line.put(None)
        self._thread.join()

    def submit(self, step: bytes) -> Confirmation:
        """See Desk."""
        confirmation: Confirmation = self._wait(_Job(step=step))
        return confirmation

    def ask(self, question: Callable[[Sequencer], T], *, within_seconds: float | None = None) -> T:
        """See Desk."""
        found: T = self._wait(_Job(question=question), within_seconds)
        return found

    def _wait(self, job: _Job, within_seconds: float | None = None) -> Any:
        if self._ends:
            raise Unavailable(UnavailableReason.BUSY)
        try:
            self._line.put_nowait(job)
        except queue.Full:
            raise Unavailable(UnavailableReason.BUSY) from None
        try:
            return job.answer.result(self._answer_seconds if within_seconds is None else within_seconds)
        except FutureTimeout:
            raise Unavailable(UnavailableReason.BUSY) from None

    # The thread

    def _run(self) -> None:
        try:
            self._sequencer = self._open_sequencer()
        except BaseException as error:  # noqa: BLE001 - told to who started it
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        while (jobs := self._next()) is not None:
            self._serve(jobs)
        self._refuse_the_rest()
        if self._sequencer is not None:
            self._sequencer.close()

    def _next(self) -> list[_Job] | None:
        """Who waits, as many as are written together; None at the end."""
        jobs: list[_Job] = []
        if self._is_last:
            return None
        with suppress(queue.Empty):
            job = self._line.get(timeout=TICK_SECONDS)
            while job is not None:
                jobs.append(job)
                if len(jobs) >= GROUP_MAX:
                    return jobs
                job = self._line.get_nowait()
            self._is_last = True
        return jobs

    def _serve(self, jobs: list[_Job]) -> None:
        sequencer = self._working()
        if self._ahead is not None and len(jobs) > 1:
            self._ahead([job.step for job in jobs if job.step is not None])
        steps: list[_Job] = []
        for job in jobs:
            if sequencer is None:
                job.answer.set_exception(Unavailable(UnavailableReason.LOG_FAILED))
            elif job.question is None:
                steps.append(job)
            else:
                self._submit(sequencer, steps)
                steps = []
                _answer(job.answer, job.question, sequencer)
        if sequencer is not None:
            self._submit(sequencer, steps)
            if not jobs:
                _answer(Future(), Sequencer.tick, sequencer)

    def _submit(self, sequencer: Sequencer, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            outcomes = sequencer.submit_many([job.step or b"" for job in jobs])
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody was confirmed
            for job in jobs:
                job.answer.set_exception(error)
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            if isinstance(outcome, Confirmation):
                job.answer.set_result(outcome)
            else:
                job.answer.set_exception(outcome)

    def _working(self) -> Sequencer | None:
        """The sequencer; a failed one is opened again, which shows what its log kept."""
        if self._sequencer is not None and self._sequencer.has_failed:
            _log.error("the log failed; it is opened again")
            self._sequencer.close()
            self._sequencer = None
        if self._sequencer is None and time.monotonic() >= self._reopen_at:
            self._reopen_at = time.monotonic() + REOPEN_SECONDS
            try:
                self._sequencer = self._open_sequencer()
            except SequencerError:
                _log.exception("the log cannot be opened")
        return self._sequencer

    def _refuse_the_rest(self) -> None:
        with suppress(queue.Empty):
            while True:
                job = self._line.get_nowait()
                if job is not None:
                    job.answer.set_exception(Unavailable(UnavailableReason.BUSY))


def _answer(answer: Future[Any], question: Question, sequencer: Sequencer) -> None:
    try:
        answer.set_result(question(sequencer))
    except Exception as error:  # noqa: BLE001 - told to who asked
        answer.set_exception(error)
