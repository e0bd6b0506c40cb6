"""What happened, in order, and its running hash: two runs of a seed are the same run if and only if it is."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a run. `time` in seconds; `lane` is who it happened to; `subject` a packet, a height, a fault."""

    time: int
    lane: str
    what: str
    subject: str = ""
    detail: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.time), self.lane, self.what, self.subject, self.detail) if part)


class Trace:
    """All happenings of a run."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._hash = sha256()

    def note(self, time: int, lane: str, what: str, subject: str = "", detail: str = "") -> None:
        """Add one happening."""
        happening = Happening(time, lane, what, subject, detail)
        self.happenings.append(happening)
        self._hash.update(f"{time}\x1f{lane}\x1f{what}\x1f{subject}\x1f{detail}\x1e".encode())

    @property
    def digest(self) -> str:
        """Hash of everything noted so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()
