"""Drives daemons: each in a thread of its own, so that one whose chain is silent keeps nobody else waiting."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread

import structlog

from relayers.errors import NameTaken
from relayers.operating.observing import Observer
from relayers.reports import Daemon
from relayers.retries import RetrySchedule

DEFECT = RetrySchedule((1, 5, 30, 60))
"""Seconds to rest after a step that ended in a defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A daemon, and how long it rests between two steps."""

    daemon: Daemon
    every_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    thread: Thread
    stopping: Event


class Workforce:
    """The running workers of a process: as many threads as workers, each in one step at a time.

    Workers share nothing but the store, which keeps those apart that would do the same. on_superseded: told, in the
    worker's thread, when a newer process has taken this one's name, and with it the work.
    """

    def __init__(self, observer: Observer, on_superseded: Callable[[str], None] = lambda _: None) -> None:
        self._observer = observer
        self._on_superseded = on_superseded
        self._lock = Lock()
        self._running: dict[str, _Running] = {}
        self._leaving: dict[str, Thread] = {}
        self._log = structlog.get_logger()

    @property
    def names(self) -> frozenset[str]:
        """Of the running workers."""
        with self._lock:
            return frozenset(self._running)

    def start(self, workers: Mapping[str, Worker]) -> None:
        """Begin to step these; their names must be new. One whose predecessor is still in a step waits for its end."""
        with self._lock:
            for name, worker in workers.items():
                if name in self._running:
                    raise ValueError(f"{name} runs already")
                stopping, before = Event(), self._leaving.get(name)
                thread = Thread(
                    target=self._run, args=(name, worker, stopping, before), name=f"worker {name}", daemon=True
                )
                self._observer.start(name)
                self._running[name] = _Running(thread=thread, stopping=stopping)
                thread.start()

    def stop(self, names: frozenset[str] | None = None, *, within_seconds: float) -> frozenset[str]:
        """Let these (or all) end the step they are in, and step no more; answers those that are still in one after all.

        What such a one still does is what a process that is killed later would have done.
        """
        with self._lock:
            chosen = frozenset(self._running) if names is None else names & frozenset(self._running)
            stopped = {name: self._running.pop(name) for name in chosen}
            self._leaving |= {name: running.thread for name, running in stopped.items()}
        for running in stopped.values():
            running.stopping.set()
        deadline = time.monotonic() + within_seconds
        for name, running in stopped.items():
            running.thread.join(max(0.0, deadline - time.monotonic()))
            self._observer.stop(name)
        with self._lock:
            self._leaving = {name: thread for name, thread in self._leaving.items() if thread.is_alive()}
            return chosen & frozenset(self._leaving)

    def _run(self, name: str, worker: Worker, stopping: Event, before: Thread | None) -> None:
        if before is not None:
            before.join()
        failures = 0
        while not stopping.is_set():
            rest = worker.every_seconds
            try:
                report = worker.daemon.step()
            except Exception as error:  # noqa: BLE001 - a defect in one daemon must not take the others down
                failures += 1
                rest = DEFECT.wait_seconds(failures)
                self._observer.failed(name, error)
                if isinstance(error, NameTaken):
                    self._on_superseded(str(error))
                    return
            else:
                failures = 0
                self._observer.seen(name, report)
            stopping.wait(rest)
