"""What a validator remembers having signed, so that it never signs twice."""

import sqlite3
import threading
from pathlib import Path
from typing import Protocol, cast

from eth_hash.auto import keccak

from chains.errors import Reason, Rejected, Unavailable
from chains.sign_witness import Witness

FIRST_LINK = bytes(32)
SCHEMA = """
CREATE TABLE IF NOT EXISTS signed (
    sequence INTEGER PRIMARY KEY,
    height INTEGER NOT NULL,
    round INTEGER NOT NULL,
    digest BLOB NOT NULL,
    link BLOB NOT NULL,
    UNIQUE (height, round)
)
"""


class SignRecord(Protocol):
    """Remembers one digest per height and round."""

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """Remember the digest, before it is signed; raises Rejected(DoubleSign) when another is remembered."""
        ...

    def remembered(self, height: int, round_number: int) -> bytes | None:
        """The digest that was claimed, None when none was."""
        ...


class MemorySignRecord:
    """A record that lives as long as the process."""

    def __init__(self) -> None:
        self._digests: dict[tuple[int, int], bytes] = {}

    def copy(self) -> "MemorySignRecord":
        """The same memories, independent of these."""
        twin = MemorySignRecord()
        twin._digests = dict(self._digests)
        return twin

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """See SignRecord."""
        _refuse_second(self._digests.setdefault((height, round_number), digest), digest, height, round_number)

    def remembered(self, height: int, round_number: int) -> bytes | None:
        """See SignRecord."""
        return self._digests.get((height, round_number))


class SqliteSignRecord:
    """One validator's record in a file, synced to disk before the signature leaves, held by one process at a time.

    witness: a small file, best on another disk, that says how far the record goes. With it, a record restored from an
    older copy is refused when it is opened. Without it, and where both were restored together, only signatures that
    others hold can tell: see `Validator.check_record`.
    Raises Unavailable(RecordInUse, RecordUnwritable), Rejected(RecordRolledBack).
    """

    def __init__(self, path: Path, *, witness: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._witness: Witness | None = None
        self._sequence, self._link = 0, FIRST_LINK
        try:
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            self._begin(witness)
        except sqlite3.Error as error:
            reason = Reason.RECORD_IN_USE if "locked" in str(error) else Reason.RECORD_UNWRITABLE
            raise Unavailable(reason, f"{path.name}: {error}") from error

    def _begin(self, witness: Path | None) -> None:
        try:
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous=EXTRA")
            self._connection.execute("BEGIN EXCLUSIVE")
            self._connection.execute(SCHEMA)
            self._connection.execute("COMMIT")
            self._read(witness)
        except BaseException:
            self._connection.close()
            raise

    def claim(self, height: int, round_number: int, digest: bytes) -> None:
        """See SignRecord; raises Unavailable(RecordUnwritable) as well, and then nothing may be signed."""
        with self._lock:
            try:
                known = self._digest_at(height, round_number)
                if known is None:
                    self._append(height, round_number, digest)
                else:
                    _refuse_second(known, digest, height, round_number)
                self._inform_witness()
            except (sqlite3.Error, OSError) as error:
                raise Unavailable(Reason.RECORD_UNWRITABLE, str(error)) from error

    def remembered(self, height: int, round_number: int) -> bytes | None:
        """See SignRecord."""
        with self._lock:
            return self._digest_at(height, round_number)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _append(self, height: int, round_number: int, digest: bytes) -> None:
        row = (self._sequence + 1, height, round_number, digest, next_link(self._link, height, round_number, digest))
        self._connection.execute("INSERT INTO signed VALUES (?, ?, ?, ?, ?)", row)
        self._sequence, self._link = row[0], row[4]

    def _digest_at(self, height: int, round_number: int) -> bytes | None:
        row = self._connection.execute(
            "SELECT digest FROM signed WHERE height = ? AND round = ?", (height, round_number)
        ).fetchone()
        return None if row is None else cast("bytes", row[0])

    def _read(self, witness: Path | None) -> None:
        """Follow every link, past the one that the witness saw; what lies beyond it was written and never signed."""
        links = [FIRST_LINK]
        rows = self._connection.execute("SELECT sequence, height, round, digest, link FROM signed ORDER BY sequence")
        for sequence, height, round_number, digest, link in rows:
            if sequence != len(links) or link != next_link(links[-1], height, round_number, digest):
                raise Rejected(Reason.RECORD_ROLLED_BACK, f"entry {sequence} does not follow the one before it")
            links.append(link)
        self._sequence, self._link = len(links) - 1, links[-1]
        if witness is None:
            return
        self._witness = seen = Witness.open(witness, is_new=self._sequence == 0)
        if seen.sequence > self._sequence or links[seen.sequence] != seen.link:
            message = f"it holds {self._sequence} signatures; its witness saw {seen.sequence}, or others"
            raise Rejected(Reason.RECORD_ROLLED_BACK, message)
        self._inform_witness()

    def _inform_witness(self) -> None:
        if self._witness is not None and self._witness.sequence < self._sequence:
            self._witness.advance(self._sequence, self._link)


def next_link(link: bytes, height: int, round_number: int, digest: bytes) -> bytes:
    """32 bytes that stand for a claim and all those before it."""
    return keccak(link + height.to_bytes(8, "big") + round_number.to_bytes(4, "big") + digest)


def _refuse_second(remembered: bytes, digest: bytes, height: int, round_number: int) -> None:
    if remembered != digest:
        raise Rejected(Reason.DOUBLE_SIGN, f"already sealed another header at height {height}, round {round_number}")
