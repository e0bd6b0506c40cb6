"""Numbers that outlive the process: counters, sums and extremes, kept beside the relayers' own tables.

They are no truth about any chain; losing them costs a graph its history and nothing else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Engine, Float, String, create_engine, event, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateTable

from relayers.schema import MIGRATION_LOCK

Labels = Mapping[str, str]


class TallyBase(DeclarativeBase):
    """This module's only table: no part of the relayers' schema and its migrations."""


class TallyRow(TallyBase):
    """One number of one replica; `labels` is a JSON object with sorted keys."""

    __tablename__ = "tallies"

    replica: Mapped[str] = mapped_column(String, primary_key=True)
    name: Mapped[str] = mapped_column(String, primary_key=True)
    labels: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[float] = mapped_column(Float(53))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A number, read."""

    name: str
    labels: dict[str, str]
    value: float


class Tallies:
    """Numbers of one replica, changed in memory and written by `flush`; safe to use from several threads."""

    def __init__(self, url: str, replica: str = "one") -> None:
        self._engine: Engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=5000"))
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":  # two that create a table at once collide
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.execute(CreateTable(TallyBase.metadata.tables["tallies"], if_not_exists=True))
        self._replica = replica
        self._lock = Lock()
        self._dirty: set[tuple[str, str]] = set()
        with Session(self._engine) as session:
            rows = session.scalars(select(TallyRow).where(TallyRow.replica == replica)).all()
            self._values = {(row.name, row.labels): row.value for row in rows}

    def add(self, name: str, labels: Labels | None = None, amount: float = 1) -> None:
        """Count."""
        key = _key(name, labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount
            self._dirty.add(key)

    def raise_to(self, name: str, labels: Labels | None, value: float) -> None:
        """Keep the greatest value ever seen."""
        key = _key(name, labels)
        with self._lock:
            if value > self._values.get(key, float("-inf")):
                self._values[key] = value
                self._dirty.add(key)

    def value(self, name: str, labels: Labels | None = None) -> float:
        """What it is, 0 where nothing was counted."""
        with self._lock:
            return self._values.get(_key(name, labels), 0.0)

    def all(self) -> Iterator[Tally]:
        """Every number, by name and labels."""
        with self._lock:
            values = sorted(self._values.items())
        for (name, labels), value in values:
            yield Tally(name=name, labels=json.loads(labels), value=value)

    def flush(self) -> None:
        """Write what changed; what a crash loses is what happened since."""
        with self._lock:
            changed = [(key, self._values[key]) for key in sorted(self._dirty)]
            self._dirty.clear()
        if not changed:
            return
        with Session(self._engine) as session, session.begin():
            for (name, labels), value in changed:
                session.merge(TallyRow(replica=self._replica, name=name, labels=labels, value=value))

    def close(self) -> None:
        """Write and let go of the database."""
        self.flush()
        self._engine.dispose()


def _key(name: str, labels: Labels | None) -> tuple[str, str]:
    return name, json.dumps(dict(labels or {}), sort_keys=True)
