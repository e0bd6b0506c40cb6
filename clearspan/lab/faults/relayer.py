"""What happens to a process that runs daemons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.rpc import any_process
from relayers.crash_points import CrashPoint
from relayers.reports import Daemon
from relayers.submitter import Submitter

if TYPE_CHECKING:
    from clearspan.lab.world import World


@fault("relayer", "crash-at")
@dataclass(frozen=True, slots=True)
class CrashAt(Fault):
    """A process dies when it passes a crash point for the n-th time from now on."""

    process: str
    point: CrashPoint
    passes: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process, any point."""
        return cls(any_process(world, chance), chance.choice(list(CrashPoint)), chance.randint(0, 3))

    def inject(self, world: World) -> Heal:
        """Healed, it no longer waits for the point."""
        deaths = world.processes[self.process].schedule.deaths
        deaths[self.point] = self.passes

        def heal() -> None:
            deaths.pop(self.point, None)

        return heal


@fault("relayer", "pause")
@dataclass(frozen=True, slots=True)
class Pause(Fault):
    """A process stands still and goes on as if no time had passed."""

    process: str

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process."""
        return cls(any_process(world, chance))

    def inject(self, world: World) -> Heal:
        """Until healed."""
        process = world.processes[self.process]
        process.is_paused = True

        def heal() -> None:
            process.is_paused = False

        return heal


@fault("relayer", "key-rotation")
@dataclass(frozen=True, slots=True)
class KeyRotation(Fault):
    """A relayer's only key is retired for a while: what is under way is seen through, nothing new is sent."""

    process: str

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any relayer."""
        return cls(chance.choice([name for name in sorted(world.processes) if name != "venue"]))

    def inject(self, world: World) -> Heal:
        """On every chain; healed, the key is restored."""
        process = world.processes[self.process]

        def rotate(*, is_retired: bool) -> None:
            for name in list(process.daemons):
                if name.startswith("submitter"):
                    process.command(name, partial(_rotate, is_retired=is_retired))

        rotate(is_retired=True)
        return partial(rotate, is_retired=False)


def _rotate(daemon: Daemon, *, is_retired: bool) -> None:
    if isinstance(daemon, Submitter):
        daemon.rotate(retire=daemon.addresses if is_retired else (), restore=() if is_retired else daemon.addresses)


@fault("relayer", "restart-loop")
@dataclass(frozen=True, slots=True)
class RestartLoop(Fault):
    """A process is killed again every few seconds."""

    process: str

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process."""
        return cls(any_process(world, chance))

    def inject(self, world: World) -> Heal:
        """Every seven seconds."""
        is_over: list[bool] = []

        def kill() -> None:
            if not is_over:
                world.processes[self.process].stop()
                world.scheduler.at(world.clock.now() + 7, kill)

        kill()
        return lambda: is_over.append(True)


@fault("relayer", "clock-skew")
@dataclass(frozen=True, slots=True)
class ClockSkew(Fault):
    """A process's clock is wrong; `seconds` may be negative."""

    process: str
    seconds: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Up to five minutes, either way."""
        return cls(any_process(world, chance), chance.choice((-300, -20, 20, 300)))

    def inject(self, world: World) -> Heal:
        """Healed, it leaps back."""
        clock = world.processes[self.process].clock
        clock.skew += self.seconds

        def heal() -> None:
            clock.skew -= self.seconds

        return heal


@fault("relayer", "config-drift")
@dataclass(frozen=True, slots=True)
class ConfigDrift(Fault):
    """A process is started with other settings than the rest: it waits longer for finality."""

    process: str
    blocks: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """A few blocks longer."""
        return cls(any_process(world, chance), chance.randint(1, 6))

    def inject(self, world: World) -> Heal:
        """From its next start on, which is now; healed by another."""
        process = world.processes[self.process]
        process.extra_depth = self.blocks
        process.stop()

        def heal() -> None:
            process.extra_depth = 0
            process.stop()

        return heal
