"""What becomes of a process's files: lost, old, torn, doubled, full, or on a disk that lies."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault, nothing

if TYPE_CHECKING:
    from clearspan.lab.process import Process
    from clearspan.lab.world import World

REBUILT = ("relayer.db", "daemons.db")
"""Files that the chains rebuild. The sequencer's log is not among them: it is what the venue is."""


@dataclass(frozen=True, slots=True)
class OfFiles(Fault):
    """Something about the files of one process."""

    process: str

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process."""
        return cls(chance.choice(sorted(world.processes)))


@fault("relayer", "db-lost")
@dataclass(frozen=True, slots=True)
class Lost(OfFiles):
    """The process dies, and its database with it."""

    def inject(self, world: World) -> Heal:
        """Once."""
        process = world.processes[self.process]
        process.stop()
        _remove(process)
        return nothing


@fault("relayer", "db-rolled-back")
@dataclass(frozen=True, slots=True)
class RolledBack(OfFiles):
    """The process dies, and somebody restores a backup of half a minute ago or so."""

    def inject(self, world: World) -> Heal:
        """The backup is taken now and restored when the fault ends."""
        process = world.processes[self.process]
        backup = Path(tempfile.mkdtemp(dir=world.directory))
        _copy(process, backup)

        def heal() -> None:
            process.stop()
            _remove(process)
            for path in sorted(backup.iterdir()):
                shutil.copy(path, process.directory / path.name)
            shutil.rmtree(backup)

        return heal


@fault("relayer", "db-corrupt")
@dataclass(frozen=True, slots=True)
class Corrupt(OfFiles):
    """Noise lies in the middle of the database: the process cannot work until its operator throws it away."""

    def inject(self, world: World) -> Heal:
        """Healed by an empty database."""
        process = world.processes[self.process]
        process.stop()
        process.is_disk_bad = True
        for path in _files(process):
            with path.open("r+b") as file:
                size = path.stat().st_size
                file.seek(size // 3)
                file.write(b"\xa5" * (size // 3))

        def heal() -> None:
            process.stop()
            process.is_disk_bad = False
            _remove(process)

        return heal


@fault("relayer", "db-forked")
@dataclass(frozen=True, slots=True)
class Forked(OfFiles):
    """A copy of the process runs on a copy of its files, with its keys, until somebody notices."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One that carries packets: two venues of one log are another story."""
        return cls(chance.choice(_carriers(world)))

    def inject(self, world: World) -> Heal:
        """Healed, the copy is gone."""
        process = world.processes[self.process]

        def prepare(directory: Path) -> None:
            _copy(process, directory)

        return process.double(prepare)


@fault("relayer", "two-leaders")
@dataclass(frozen=True, slots=True)
class TwoLeaders(OfFiles):
    """The process is started a second time on the same files: one of the two must notice."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One that carries packets."""
        return cls(chance.choice(_carriers(world)))

    def inject(self, world: World) -> Heal:
        """Both are started again whenever they end, until one is taken away."""
        return world.processes[self.process].double(None)


@fault("relayer", "old-version-beside-new")
@dataclass(frozen=True, slots=True)
class OldVersion(OfFiles):
    """A process of yesterday's settings comes up on the same files and works beside today's."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One that carries packets."""
        return cls(chance.choice(_carriers(world)))

    def inject(self, world: World) -> Heal:
        """Yesterday finality took four blocks more."""
        return world.processes[self.process].double(None, extra_depth=4)


@fault("relayer", "disk-full")
@dataclass(frozen=True, slots=True)
class DiskFull(OfFiles):
    """Nothing more fits on the disk."""

    def inject(self, world: World) -> Heal:
        """Until somebody makes room."""
        process = world.processes[self.process]
        process.is_disk_bad = True
        disk = process.disk
        disk.is_full = True

        def heal() -> None:
            disk.is_full = False
            process.is_disk_bad = False

        return heal


@fault("relayer", "fsync-lie")
@dataclass(frozen=True, slots=True)
class FsyncLie(OfFiles):
    """The disk says that it has written, and has not: at the end the power goes, and with it what was promised.

    torn: a part of it is there after all, the last of it cut in the middle.
    """

    torn: bool

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One that carries packets: what a sequencer acknowledged it must never lose, and on such a disk it would."""
        return cls(chance.choice(_carriers(world)), chance.random() < 0.5)

    def inject(self, world: World) -> Heal:
        """The power goes when the fault ends."""
        process = world.processes[self.process]
        disk = process.disk
        disk.lies = True

        def heal() -> None:
            process.is_disk_bad = True
            process.stop()
            disk.lies = False
            disk.lose_power(torn=self.torn)
            process.start()
            if not process.is_up:
                _remove(process)
            process.is_disk_bad = False

        return heal


@fault("relayer", "power-cut")
@dataclass(frozen=True, slots=True)
class PowerCut(OfFiles):
    """The power goes: what was not yet on an honest disk is lost, and nothing that was promised is."""

    def inject(self, world: World) -> Heal:
        """Once."""
        process = world.processes[self.process]
        process.stop()
        process.disk.lose_power(torn=True)
        return nothing


def _files(process: Process) -> list[Path]:
    return [path for path in sorted(process.directory.iterdir()) if path.name.startswith(REBUILT)]


def _remove(process: Process) -> None:
    for path in _files(process):
        path.unlink()
    process.disk.unsynced.clear()


def _copy(process: Process, to: Path) -> None:
    """All but the shared memory, which every opening makes anew."""
    to.mkdir(exist_ok=True)
    for path in _files(process):
        if not path.name.endswith("-shm"):
            shutil.copy(path, to / path.name)


def _carriers(world: World) -> list[str]:
    return [name for name in sorted(world.processes) if name != "venue"]
