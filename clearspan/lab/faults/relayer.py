"""What happens to a process that runs daemons."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.rpc import any_process
from relayers.crash_points import CrashPoint

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
