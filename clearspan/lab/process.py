"""A process of a world: daemons over links and files of their own, which dies at a crash point and starts anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from eth_account.signers.local import LocalAccount
from sqlalchemy.exc import DBAPIError

from chains.clock import Clock
from chains.finality import Depth
from chains.local import LocalChain
from chains.rpc_chain import Patience, RpcChain
from clearspan.lab.disk import Disk
from clearspan.lab.link import Link
from exchange.sequencer import SequencerError
from relayers.crash_points import CrashPoint
from relayers.errors import ForeignDatabase, NameTaken
from relayers.reports import Daemon, StepReport

if TYPE_CHECKING:
    from clearspan.lab.world import World


DISK_ERRORS = (sqlite3.Error, DBAPIError, SequencerError, ForeignDatabase)
"""What a process may die of on a bad disk."""


class SkewedClock:
    """The world's clock as a process sees it; `skew` in seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skew = 0

    def now(self) -> int:
        """Seconds since the epoch, as it believes."""
        return self._clock.now() + self.skew


class Killed(BaseException):
    """A process dies here; nothing in a daemon may catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a start of a process brought up: its daemons by name, and what lets go of its files."""

    daemons: Mapping[str, Daemon]
    close: Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Crash points at which the process dies, each once: the point and how many passes of it it survives."""

    deaths: dict[CrashPoint, int] = field(default_factory=dict)


class Process:
    """One process. `build` starts it; everything it remembers between two starts lies in `directory`."""

    def __init__(self, world: World, name: str, build: Callable[[Process], Running]) -> None:
        self.world = world
        self.name = name
        self.directory: Path = world.directory / name.replace(" ", "-")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.disk = Disk(self.directory)
        self.is_disk_bad = False
        """Whether what its database raises is the disk's doing."""
        self.links = {chain_id: Link(chain.api) for chain_id, chain in world.chains.items()}
        self.schedule = Schedule()
        self.clock = SkewedClock(world.clock)
        self.signer: LocalAccount | None = None
        """In place of the wallet it was made with, from its next start on."""
        self.extra_depth = 0
        """Blocks it waits longer than the others for finality, from its next start on."""
        self.resting: set[str] = set()
        """Daemons that do not step."""
        self.is_paused = False
        self.starts = 0
        self.deaths = 0
        self._build = build
        self._running: Running | None = None

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._running is not None

    @property
    def daemons(self) -> Mapping[str, Daemon]:
        """Its daemons by name, none while it is down."""
        return {} if self._running is None else self._running.daemons

    def chains(self) -> dict[int, RpcChain]:
        """Fresh views of every chain over this process's links."""
        world = self.world
        patience = Patience(
            mined_seconds=60, sleep=lambda seconds: world.scheduler.let_pass(int(seconds)), monotonic=world.clock.now
        )
        return {
            chain_id: RpcChain(
                self.links[chain_id],
                chain_id=chain_id,
                name=chain.name,
                finality=Depth(_depth(chain) + self.extra_depth) if self.extra_depth else world.finality[chain_id],
                clock=self.clock,
                patience=patience,
            )
            for chain_id, chain in world.chains.items()
        }

    def start(self) -> None:
        """Start on what the directory holds; a death on the way leaves it down."""
        if self._running is not None:
            return
        self.starts += 1
        self.world.note(self.name, "starts")
        try:
            self._running = self._build(self)
        except Killed:
            self._died("starting")
        except Exception as error:  # noqa: BLE001 - as in a step
            self._broke("starting", error)

    def stop(self) -> None:
        """Kill it: no daemon gets to say goodbye."""
        if self._running is not None:
            self._let_go()
            self.world.note(self.name, "stops")

    def double(self, prepare: Callable[[Path], None] | None, *, extra_depth: int = 0) -> Callable[[], None]:
        """Run a second process of the same name and keys until healed: on files of its own or, without, on the same."""
        twin = Process(self.world, f"{self.name} again", self._build)
        if prepare is None:
            twin.directory, twin.disk = self.directory, self.disk
        else:
            for left in twin.directory.iterdir():
                left.unlink()
            prepare(twin.directory)
        twin.clock, twin.extra_depth = self.clock, extra_depth
        end = self.world.tend(twin)

        def heal() -> None:
            end()
            twin.stop()
            self.stop()

        return heal

    def _let_go(self) -> None:
        """Close the files as they are: whoever is killed does not tidy up."""
        if self._running is not None:
            self.disk.is_off = True
            self._running.close()
            self._running = None
            self.disk.is_off = False

    def step(self, name: str) -> StepReport | None:
        """One step of one daemon; None if the process is down, paused, or died of it."""
        if self._running is None or self.is_paused:
            return None
        daemon = self._running.daemons.get(name)
        if daemon is None:
            return None
        try:
            report = daemon.step()
        except Killed:
            self._died(name)
            return None
        except NameTaken:
            self._died("of a newer process of its name")
            return None
        except Exception as error:  # noqa: BLE001 - a defect: nothing may raise what a later step can mend
            self._broke(name, error)
            return None
        for action in report.actions:
            self.world.note(self.name, str(action.did), action.subject, action.detail)
        return report

    def _broke(self, where: str, error: Exception) -> None:
        """Dies of what it raised: a defect, unless its disk is at fault."""
        if not (self.is_disk_bad and isinstance(error, DISK_ERRORS)):
            told = f"{self.name}, {where}: {type(error).__name__} at {_place(error)}: {error}"
            self.world.breakages.append(told[:300])
        self._died(f"{where} of {type(error).__name__}")

    def command(self, name: str, what: Callable[[Daemon], None]) -> None:
        """What an operator has a daemon do; it may die of it like of a step."""
        daemon = self.daemons.get(name)
        if daemon is None:
            return
        try:
            what(daemon)
        except Killed:
            self._died(f"a command to {name}")

    def pass_point(self, point: CrashPoint) -> None:
        """A daemon passes a crash point; raises Killed if its time has come."""
        self.world.coverage.passed(point)
        left = self.schedule.deaths.get(point)
        if left is None:
            return
        if left > 0:
            self.schedule.deaths[point] = left - 1
            return
        del self.schedule.deaths[point]
        raise Killed(point)

    def _died(self, where: str) -> None:
        self.deaths += 1
        self._let_go()
        self.world.note(self.name, "dies", where)


def _place(error: BaseException) -> str:
    """Where in the house it was raised: the innermost file and line that is ours."""
    place, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "site-packages" not in name and "/lib/python" not in name and name.endswith(".py"):
            place = f"{name.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _depth(chain: LocalChain) -> int:
    return chain.finality.blocks if isinstance(chain.finality, Depth) else 0
