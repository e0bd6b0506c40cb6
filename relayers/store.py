"""The relayers' database: SQLite, one writer, every change in a transaction of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from relayers.errors import ForeignDatabase
from relayers.tables import SCHEMA_VERSION, Base, CursorRow, DemandRow


class Store:
    """Opens the database and hands out transactions.

    `path` is a file, or None for a database in memory. Raises `ForeignDatabase` for another schema version.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._engine = create_engine(f"sqlite:///{path}" if path else "sqlite://")
        event.listen(self._engine, "connect", _configure)
        _migrate(self._engine)
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or leaves no trace if it raises."""
        with self._sessions.begin() as session:
            yield session

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def cursor(self, name: str, start: int) -> int:
        """First block that the scan of that name has not read, `start` if it never ran."""
        with self.transaction() as session:
            row = session.get(CursorRow, name)
            return start if row is None else row.next_block

    def demand(self, client: str, height: int) -> None:
        """Ask for a client to reach a height; a lower demand than the present one changes nothing."""
        with self.transaction() as session:
            row = session.get(DemandRow, client)
            if row is None:
                session.add(DemandRow(client=client, height=height))
            else:
                row.height = max(row.height, height)

    def demanded(self, client: str) -> int | None:
        """The greatest height asked for, or None."""
        with self.transaction() as session:
            row = session.get(DemandRow, client)
            return None if row is None else row.height


def set_cursor(session: Session, name: str, next_block: int) -> None:
    """Move a scan's cursor in the transaction that keeps what it found."""
    session.merge(CursorRow(name=name, next_block=next_block))


def _configure(connection: Any, record: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if found not in {0, SCHEMA_VERSION}:
            raise ForeignDatabase(found, SCHEMA_VERSION)
        Base.metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
