"""The embedded log: one SQLite file in WAL mode, fsynced on every append, held by one process."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from exchange.sequencer.errors import CorruptReason, LogCorrupt, Unavailable, UnavailableReason
from exchange.sequencer.log import Entry, chained, checked

APPLICATION_ID = 0x436C7331
"""`Cls1`, in the file's header."""
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE genesis (digest BLOB NOT NULL) STRICT;
CREATE TABLE entries (height INTEGER PRIMARY KEY, payload BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
"""


class SqliteLog:
    """An `OrderedLog` in a file, made when it is missing.

    `synchronous=FULL` fsyncs the write-ahead log at every commit, so what `append` returned for is on disk. The file is
    locked exclusively while open: a second process gets `Unavailable(LogInUse)`. Raises `LogCorrupt` for a file that is
    damaged, of another version or of another genesis. Not for use by two threads at once.
    """

    def __init__(self, path: Path | str, genesis: bytes) -> None:
        self._genesis = genesis
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
        except sqlite3.Error as error:
            raise Unavailable(UnavailableReason.LOG_FAILED) from error
        try:
            self._prepare()
            self._height, self._head = self._last()
        except sqlite3.Error as error:
            self._connection.close()
            raise _typed(error) from error
        except LogCorrupt:
            self._connection.close()
            raise

    @property
    def genesis(self) -> bytes:
        """Digest of what the sequence starts from."""
        return self._genesis

    @property
    def height(self) -> int:
        """Height of the next entry."""
        return self._height

    @property
    def durable_height(self) -> int:
        """Every appended entry is durable."""
        return self._height

    @property
    def head(self) -> bytes:
        """Digest of the last entry."""
        return self._head

    def append(self, payloads: Sequence[bytes]) -> int:
        """Add all payloads in one transaction and one fsync.

        Raises `Unavailable(LogFailed)`; a disk that fails late may have kept them, all or none, as reopening shows.
        """
        entries = chained(self._head, self._height, payloads)
        if not entries:
            return self._height
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO entries (height, payload, digest) VALUES (?, ?, ?)",
                [(entry.height, entry.payload, entry.digest) for entry in entries],
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise Unavailable(UnavailableReason.LOG_FAILED) from error
        self._height += len(entries)
        self._head = entries[-1].digest
        return self._height

    def read(self, from_height: int = 0) -> Iterator[Entry]:
        """Give the entries from a height on, each checked against its digest. Raises `LogCorrupt`."""
        try:
            previous = self._digest_at(from_height - 1)
            rows = self._connection.execute(
                "SELECT height, payload, digest FROM entries WHERE height >= ? ORDER BY height", (from_height,)
            )
            yield from checked(previous, from_height, rows)
        except sqlite3.Error as error:
            raise _typed(error) from error

    def close(self) -> None:
        """Release the file; the write-ahead log is folded into it."""
        self._connection.close()

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN EXCLUSIVE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in SCHEMA.strip().splitlines():
                connection.execute(statement)
            connection.execute("INSERT INTO genesis VALUES (?)", (self._genesis,))
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
        stamps = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if stamps != [APPLICATION_ID, SCHEMA_VERSION]:
            raise LogCorrupt(CorruptReason.UNREADABLE)
        if connection.execute("SELECT digest FROM genesis").fetchall() != [(self._genesis,)]:
            raise LogCorrupt(CorruptReason.FOREIGN)

    def _last(self) -> tuple[int, bytes]:
        row = self._connection.execute("SELECT height, digest FROM entries ORDER BY height DESC LIMIT 1").fetchone()
        return (row[0] + 1, row[1]) if row else (0, self._genesis)

    def _digest_at(self, height: int) -> bytes:
        if height < 0:
            return self._genesis
        row = self._connection.execute("SELECT digest FROM entries WHERE height = ?", (height,)).fetchone()
        if row is None:
            raise LogCorrupt(CorruptReason.GAP, height)
        return bytes(row[0])


def _typed(error: sqlite3.Error) -> Unavailable | LogCorrupt:
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return Unavailable(UnavailableReason.LOG_IN_USE)
    return LogCorrupt(CorruptReason.UNREADABLE)
