"""Drives daemons: each steps in a thread, rests, and steps again; one that fails waits longer and stops nobody else."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from relayers.errors import NameTaken
from relayers.operating.observing import Observer
from relayers.reports import Daemon
from relayers.retries import RetrySchedule

DEFECT = RetrySchedule((1, 5, 30, 60))
"""Seconds to rest after a step that ended in a defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A daemon, how long it rests, and the group whose members never step at the same time."""

    daemon: Daemon
    every_seconds: float
    group: str


class Workforce:
    """The running workers of a process. All methods but the daemons' steps run on the event loop.

    on_superseded: told when a newer process has taken this one's name, and with it the work.
    """

    def __init__(self, observer: Observer, on_superseded: Callable[[str], None] = lambda _: None) -> None:
        self._observer = observer
        self._on_superseded = on_superseded
        self._tasks: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="worker")
        self._log = structlog.get_logger()

    @property
    def names(self) -> frozenset[str]:
        """Of the running workers."""
        return frozenset(self._tasks)

    def start(self, workers: Mapping[str, Worker]) -> None:
        """Begin to step these; their names must be new."""
        for name, worker in workers.items():
            stopping = asyncio.Event()
            self._observer.start(name)
            self._tasks[name] = (asyncio.create_task(self._run(name, worker, stopping), name=name), stopping)

    async def stop(self, names: frozenset[str] | None = None) -> None:
        """Let these (or all) end the step they are in, and step no more."""
        stopped = {name: self._tasks.pop(name) for name in (self.names if names is None else names & self.names)}
        for _, stopping in stopped.values():
            stopping.set()
        await asyncio.gather(*(task for task, _ in stopped.values()), return_exceptions=True)
        for name in stopped:
            self._observer.stop(name)

    def close(self) -> None:
        """Let go of the threads; those that hang are left to the end of the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, name: str, worker: Worker, stopping: asyncio.Event) -> None:
        lock = self._locks.setdefault(worker.group, asyncio.Lock())
        failures = 0
        while not stopping.is_set():
            rest = worker.every_seconds
            async with lock:
                if stopping.is_set():
                    return
                try:
                    report = await asyncio.get_running_loop().run_in_executor(self._threads, worker.daemon.step)
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
            await _wait(stopping, rest)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
