"""The relayers' database: SQLite for one process or a few on one machine, PostgreSQL for replicas.

Every change is a transaction of its own, and every transaction first looks whether this replica may still write: where
a newer process has its name it raises `NameTaken`, where another leads the role `Superseded`, and leaves no trace.

For any number of threads: SQLite's one writer is one thread at a time, which the others queue for; nobody asks a chain
within a transaction, so that a silent chain holds up no writer.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from threading import Lock, RLock
from typing import Any

from sqlalchemy import Engine, bindparam, create_engine, event, select, update
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NameTaken, Superseded
from relayers.leases import Lease, renew, take
from relayers.schema import migrate
from relayers.tables import CursorRow, DemandRow, LeaseRow

BUSY_TIMEOUT_MS = 30_000
CONNECTIONS_KEPT = 8


class Store:
    """Opens the database and hands out transactions.

    path: a SQLite file; url: any database SQLAlchemy knows, such as `postgresql+psycopg://...`; neither: in memory.
    replica: the name under which this process claims work, unique among those that run at a time; a process that is
    started again under its name takes its work back at once. None for tools that look and change, but do not work.
    Raises `ForeignDatabase` for another schema.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        url: str | None = None,
        replica: str | None = "main",
        hook: Hook = no_hook,
    ) -> None:
        in_memory = path is None and url is None
        self._engine = _engine(url or (f"sqlite:///{path}" if path else "sqlite://"), in_memory=in_memory)
        is_sqlite = self._engine.dialect.name == "sqlite"
        self._writing: AbstractContextManager[Any] = RLock() if is_sqlite else nullcontext()
        self._reads: AbstractContextManager[Any] = self._writing if in_memory else nullcontext()
        self._roles: dict[str, RLock] = {}
        self._roles_lock = Lock()
        self._hook = hook
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        self._reading = sessionmaker(self._engine.execution_options(reads_only=True), expire_on_commit=False)
        self._leading: ContextVar[Lease | None] = ContextVar("leading", default=None)
        self.replica = replica or ""
        self._name: Lease | None = None
        migrate(self._engine, hook)
        if replica is not None:
            with self._sessions.begin() as session:
                self._name = take(session, f"replica {replica}", replica)

    @property
    def epoch(self) -> int:
        """How often a process has started under this replica's name, 0 for tools."""
        return 0 if self._name is None else self._name.epoch

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or leaves no trace if it raises.

        Raises `NameTaken`, `Superseded`.
        """
        with self._writing, self._sessions.begin() as session:
            leading = self._leading.get()
            if self._name is not None and not _holds(session, self._name):
                raise NameTaken(self._name.role)
            if leading is not None and not _holds(session, leading):
                raise Superseded(leading.role)
            yield session
            session.flush()
            if session.info.pop("wrote", False):
                self._hook(CrashPoint.MID_FSYNC)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads: waits for nobody, nobody waits for it."""
        with self._reads, self._reading.begin() as session:
            yield session

    @contextmanager
    def leading(self, role: str, now: int) -> Iterator[Lease | None]:
        """Lead a role for the block, or learn that another replica or another thread does (None).

        Writes within carry the epoch.
        """
        lock = self._role(role)
        if not lock.acquire(blocking=False):
            yield None
            return
        try:
            with self.transaction() as session:
                lease = renew(session, role, self.replica, now)
            if lease is None:
                yield None
                return
            token = self._leading.set(lease)
            try:
                yield lease
            finally:
                self._leading.reset(token)
        finally:
            lock.release()

    @contextmanager
    def alone(self, role: str) -> Iterator[None]:
        """Be the only thread of this process in a role, waiting for whoever is in it; other replicas know nothing."""
        with self._role(role):
            yield

    def _role(self, role: str) -> RLock:
        with self._roles_lock:
            return self._roles.setdefault(role, RLock())

    def close(self) -> None:
        """Release the file or the connections."""
        self._engine.dispose()

    def cursor(self, name: str, start: int) -> int:
        """First block that the scan of that name has not read, `start` if it never ran."""
        with self.reading() as session:
            row = session.get(CursorRow, name)
            return start if row is None else row.next_block

    def demand(self, client: str, height: int) -> None:
        """Ask for a client to reach a height; a lower demand than the present one changes nothing."""
        known = self.demanded(client)
        if known is not None and known >= height:
            return
        with self.transaction() as session:
            row = session.get(DemandRow, client, with_for_update=True)
            if row is None:
                session.merge(DemandRow(client=client, height=height))
            else:
                row.height = max(row.height, height)

    def demanded(self, client: str) -> int | None:
        """The greatest height asked for, or None."""
        with self.reading() as session:
            row = session.get(DemandRow, client)
            return None if row is None else row.height


def set_cursor(session: Session, name: str, next_block: int, next_nonce: int | None = None) -> None:
    """Move a scan's cursor in the transaction that keeps what it found."""
    moved = session.connection().execute(MOVE_CURSOR, {"cursor": name, "block": next_block, "nonce": next_nonce})
    if not moved.rowcount:
        session.add(CursorRow(name=name, next_block=next_block, next_nonce=next_nonce))
    session.info["wrote"] = True


MOVE_CURSOR = (
    update(CursorRow)
    .where(CursorRow.name == bindparam("cursor"))
    .values(next_block=bindparam("block"), next_nonce=bindparam("nonce"))
)
HELD_EPOCH = (
    select(LeaseRow.epoch)
    .where(LeaseRow.role == bindparam("role"), LeaseRow.holder == bindparam("holder"))
    .with_for_update(read=True)
)
"""Asked at the beginning of every transaction, and therefore built once."""


def _holds(session: Session, lease: Lease) -> bool:
    found = session.connection().scalar(HELD_EPOCH, {"role": lease.role, "holder": lease.holder})
    return found == lease.epoch


def _engine(url: str, *, in_memory: bool) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    arguments: dict[str, Any] = {"connect_args": {"check_same_thread": False}}
    if in_memory:
        arguments["poolclass"] = StaticPool
    else:
        arguments |= {"pool_size": CONNECTIONS_KEPT, "max_overflow": -1}
    engine = create_engine(url, **arguments)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: Any, record: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    connection.isolation_level = None  # the driver would begin late, and not at all before DDL
    cursor = connection.cursor()
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    """A writer takes the lock before it reads, so that two never act on what both have read."""
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@event.listens_for(Session, "after_flush")
def _note_writes(session: Session, context: Any) -> None:  # noqa: ARG001 - SQLAlchemy's signature
    session.info["wrote"] = True
