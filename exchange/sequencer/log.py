"""The ordered log: the one port through which a sequence becomes durable, and a log in memory for tests and the lab."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from exchange.sequencer.errors import CorruptReason, LogCorrupt
from exchange.state.hashing import keccak256


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payload in its place; `digest` binds it to everything before it."""

    height: int
    payload: bytes
    digest: bytes


class OrderedLog(Protocol):
    """Entries at heights 0, 1, 2, ... of one writer, chained by digest from `genesis`.

    A log is consistent before it is available: where it cannot write it raises `Unavailable` rather than forks.
    """

    @property
    def genesis(self) -> bytes:
        """Digest (32 bytes) of what the sequence starts from; also the link of entry 0."""

    @property
    def height(self) -> int:
        """Height of the next entry."""

    @property
    def durable_height(self) -> int:
        """Entries below it survive a crash of this process and of its machine."""

    @property
    def head(self) -> bytes:
        """Digest of the last entry, `genesis` when there is none."""

    def append(self, payloads: Sequence[bytes]) -> int:
        """Add all payloads or none, in one durable write; return the height after them.

        Raises `Unavailable`; then reopening the log shows whether they are in it.
        """

    def read(self, from_height: int = 0) -> Iterator[Entry]:
        """Give the entries from a height on, each checked against its digest. Raises `LogCorrupt`."""

    def close(self) -> None:
        """Let go of the log."""


def entry_digest(previous: bytes, height: int, payload: bytes) -> bytes:
    """Digest of an entry: `keccak256(0x04 ‖ previous ‖ height u64 ‖ payload)`."""
    return keccak256(b"\x04" + previous + height.to_bytes(8) + payload)


def chained(previous: bytes, height: int, payloads: Iterable[bytes]) -> list[Entry]:
    """Place payloads behind an entry with digest `previous`, from `height` on."""
    entries = []
    for payload in payloads:
        previous = entry_digest(previous, height, payload)
        entries.append(Entry(height=height, payload=payload, digest=previous))
        height += 1
    return entries


def checked(previous: bytes, height: int, rows: Iterable[tuple[object, object, object]]) -> Iterator[Entry]:
    """Turn stored rows (height, payload, digest) into entries. Raises `LogCorrupt` where one does not follow."""
    for stored_height, payload, digest in rows:
        if stored_height != height:
            raise LogCorrupt(CorruptReason.GAP, height)
        if not isinstance(payload, bytes) or entry_digest(previous, height, payload) != digest:
            raise LogCorrupt(CorruptReason.DIGEST, height)
        previous = digest
        yield Entry(height=height, payload=payload, digest=digest)
        height += 1


class MemoryLog:
    """An `OrderedLog` that lives as long as the process; `rows` (payload, digest) are open to tests."""

    def __init__(self, genesis: bytes) -> None:
        self._genesis = genesis
        self.rows: list[tuple[bytes, bytes]] = []

    @property
    def genesis(self) -> bytes:
        """Digest of what the sequence starts from."""
        return self._genesis

    @property
    def height(self) -> int:
        """Height of the next entry."""
        return len(self.rows)

    @property
    def durable_height(self) -> int:
        """As durable as memory: the height."""
        return self.height

    @property
    def head(self) -> bytes:
        """Digest of the last entry."""
        return self.rows[-1][1] if self.rows else self._genesis

    def append(self, payloads: Sequence[bytes]) -> int:
        """Add the payloads; return the height after them."""
        self.rows += [(entry.payload, entry.digest) for entry in chained(self.head, self.height, payloads)]
        return self.height

    def read(self, from_height: int = 0) -> Iterator[Entry]:
        """Give the entries from a height on. Raises `LogCorrupt`."""
        previous = self.rows[from_height - 1][1] if from_height else self._genesis
        rows = [(height, *row) for height, row in enumerate(self.rows)][from_height:]
        return checked(previous, from_height, rows)

    def close(self) -> None:
        """Nothing to let go of."""
