"""What a validator remembers having signed, so that it never signs twice."""

import sqlite3
from pathlib import Path
from typing import Protocol

from chains.errors import Reason, Rejected


class SignRecord(Protocol):
    """Remembers one digest per height and round."""

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """Remember the digest, before it is signed; raises Rejected(DoubleSign) when another is remembered."""
        ...


class MemorySignRecord:
    """A record that lives as long as the process."""

    def __init__(self) -> None:
        self._digests: dict[tuple[int, int], bytes] = {}

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """See SignRecord."""
        _refuse_second(self._digests.setdefault((height, round_number), digest), digest, height, round_number)


class SqliteSignRecord:
    """One validator's record in a file, written and synced before the signature leaves."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS signed "
            "(height INTEGER, round INTEGER, digest BLOB NOT NULL, PRIMARY KEY (height, round))"
        )

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """See SignRecord."""
        self._connection.execute("INSERT OR IGNORE INTO signed VALUES (?, ?, ?)", (height, round_number, digest))
        (remembered,) = self._connection.execute(
            "SELECT digest FROM signed WHERE height = ? AND round = ?", (height, round_number)
        ).fetchone()
        _refuse_second(remembered, digest, height, round_number)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _refuse_second(remembered: bytes, digest: bytes, height: int, round_number: int) -> None:
    if remembered != digest:
        raise Rejected(Reason.DOUBLE_SIGN, f"already sealed another header at height {height}, round {round_number}")
