"""A party's swaps on disk: what it agreed to, its preimages, whether it revealed. SQLite; readable by its owner only.

What happened on the chains is not kept here, it is read from them. What is kept was written before anything was locked,
and before the preimage left the house.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from bridge.errors import Reason, Rejected
from bridge.swaps.agreement import Agreement
from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.guarantees import Guarantee
from bridge.swaps.machine import Role, Step, SwapPlan, Why
from bridge.swaps.terms import hashlock_of
from bridge.swaps.timelocks import ChainBounds, Rules

SCHEMA_VERSION = 1
_TABLE = """
CREATE TABLE swaps (
    hashlock BLOB PRIMARY KEY, role TEXT NOT NULL, agreement TEXT NOT NULL, rules TEXT NOT NULL, preimage BLOB,
    revealed INTEGER NOT NULL, outcome TEXT, tried TEXT, tried_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
    added_at INTEGER NOT NULL, guarantee TEXT NOT NULL, note TEXT NOT NULL
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSwap:
    """One swap of this party. `preimage` only where it initiates; `outcome` once it is over; times in seconds.

    tried and tried_at: what it last began to do, and when. guarantee: what it relies on of a cash leg. note: the
    caller's own, a quote for example.
    """

    role: Role
    agreement: Agreement
    rules: Rules
    preimage: bytes | None = None
    has_revealed: bool = False
    outcome: Why | None = None
    tried: Step | None = None
    tried_at: int = 0
    attempts: int = 0
    added_at: int = 0
    guarantee: Guarantee = Guarantee.FINAL
    note: str = ""

    def __post_init__(self) -> None:
        knows = self.preimage is not None and hashlock_of(self.preimage) == self.hashlock
        if knows is not (self.role is Role.INITIATOR):
            raise SwapRefused(SwapReason.LEGS_DISAGREE, "the initiator, and nobody else, has the preimage")

    @property
    def hashlock(self) -> bytes:
        """Its name."""
        return self.agreement.hashlock

    @property
    def plan(self) -> SwapPlan:
        """What the machine needs."""
        return self.agreement.plan(self.role, self.rules)


class SwapBook:
    """The swaps of one party; every change is a transaction of its own. `path` is a file, or None for memory."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.touch(mode=0o600)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._lock = threading.RLock()
        self._sent: dict[tuple[bytes, Step], int] = {}
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in {0, SCHEMA_VERSION}:
                raise Rejected(Reason.UNKNOWN_VERSION, f"a book of version {version}")
            if not version:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def add(self, swap: KeptSwap) -> None:
        """Keep a swap before anything of it is locked; raises `SwapRefused(HASH_USED)` for a hash that is kept."""
        values = (
            swap.hashlock,
            swap.role.value,
            swap.agreement.dump(),
            msgspec.json.encode(asdict(swap.rules)).decode(),
            swap.preimage,
            swap.added_at,
            swap.guarantee.value,
            swap.note,
        )
        with self._transaction() as connection:
            try:
                connection.execute(
                    "INSERT INTO swaps (hashlock, role, agreement, rules, preimage, added_at, guarantee, note,"
                    " revealed, tried_at, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
                    values,
                )
            except sqlite3.IntegrityError as error:
                raise SwapRefused(SwapReason.HASH_USED, f"0x{swap.hashlock.hex()}") from error

    def get(self, hashlock: bytes) -> KeptSwap | None:
        """The swap under a hash."""
        found = self._select("WHERE hashlock = ?", hashlock)
        return found[0] if found else None

    def open(self) -> list[KeptSwap]:
        """Swaps that are not over, the oldest first."""
        return self._select("WHERE outcome IS NULL ORDER BY added_at, hashlock")

    def all(self) -> list[KeptSwap]:
        """Every swap, the oldest first."""
        return self._select("ORDER BY added_at, hashlock")

    def try_step(self, swap: KeptSwap, step: Step, now: int) -> None:
        """Write down that a step is about to be taken; an initiator's claim is written down as a reveal."""
        reveals = swap.role is Role.INITIATOR and step is Step.CLAIM
        with self._transaction() as connection:
            connection.execute(
                "UPDATE swaps SET attempts = CASE WHEN tried IS ? THEN attempts + 1 ELSE 1 END, tried = ?,"
                " tried_at = ?, revealed = MAX(revealed, ?) WHERE hashlock = ?",
                (step.value, step.value, now, int(reveals), swap.hashlock),
            )

    def note_sent(self, swap: KeptSwap, step: Step, now: int) -> None:
        """Remember, as long as this book is open, that a step was sent: a crash forgets it, and it is sent again."""
        self._sent[swap.hashlock, step] = now

    def sent_at(self, swap: KeptSwap, step: Step) -> int | None:
        """When it was sent through this open book."""
        return self._sent.get((swap.hashlock, step))

    def finish(self, swap: KeptSwap, outcome: Why) -> None:
        """Write down that a swap is over."""
        with self._transaction() as connection:
            connection.execute("UPDATE swaps SET outcome = ? WHERE hashlock = ?", (outcome.value, swap.hashlock))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _select(self, where: str, *values: Any) -> list[KeptSwap]:
        columns = "role, agreement, rules, preimage, revealed, outcome, tried, tried_at, attempts, added_at,"
        columns += " guarantee, note"
        with self._lock:
            rows = self._connection.execute(f"SELECT {columns} FROM swaps {where}", values).fetchall()  # noqa: S608
        return [_kept(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _kept(row: tuple[Any, ...]) -> KeptSwap:
    role, agreement, rules, preimage, revealed, outcome, tried, tried_at, attempts, added_at, guarantee, note = row
    return KeptSwap(
        role=Role(role),
        agreement=Agreement.parse(agreement),
        rules=_rules(rules),
        preimage=preimage,
        has_revealed=bool(revealed),
        outcome=None if outcome is None else Why(outcome),
        tried=None if tried is None else Step(tried),
        tried_at=tried_at,
        attempts=attempts,
        added_at=added_at,
        guarantee=Guarantee(guarantee),
        note=note,
    )


def _rules(text: str) -> Rules:
    fields = msgspec.json.decode(text)
    return Rules(long=ChainBounds(**fields.pop("long")), short=ChainBounds(**fields.pop("short")), **fields)
