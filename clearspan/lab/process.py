"""A process of a world: daemons over links and files of their own, which dies at a crash point and starts anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chains.rpc_chain import Patience, RpcChain
from clearspan.lab.link import Link
from relayers.crash_points import CrashPoint
from relayers.reports import Daemon, StepReport

if TYPE_CHECKING:
    from clearspan.lab.world import World


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
        self.links = {chain_id: Link(chain.api) for chain_id, chain in world.chains.items()}
        self.schedule = Schedule()
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
                finality=chain.finality,
                clock=world.clock,
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
            self.world.breakages.append(f"{self.name}, starting: {type(error).__name__}: {error}"[:300])
            self._died(f"starting of {type(error).__name__}")

    def stop(self) -> None:
        """Kill it: no daemon gets to say goodbye."""
        if self._running is not None:
            self._running.close()
            self._running = None
            self.world.note(self.name, "stops")

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
        except Exception as error:  # noqa: BLE001 - a defect: nothing may raise what a later step can mend
            self.world.breakages.append(f"{self.name}, {name}: {type(error).__name__}: {error}"[:300])
            self._died(f"{name} of {type(error).__name__}")
            return None
        for action in report.actions:
            self.world.note(self.name, str(action.did), action.subject, action.detail)
        return report

    def pass_point(self, point: CrashPoint) -> None:
        """A daemon passes a crash point; raises Killed if its time has come."""
        self.world.coverage.passed(self.name, point)
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
        if self._running is not None:
            self._running.close()
            self._running = None
        self.world.note(self.name, "dies", where)
