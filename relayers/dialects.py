"""What SQLite and PostgreSQL both know, but under two names."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from relayers.tables import Base

INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_new(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with its key is there, whoever else inserts it meanwhile; whether it was new."""
    insert = INSERTS[session.get_bind().dialect.name](table.__table__).values(**values).on_conflict_do_nothing()
    session.info["wrote"] = True
    return session.execute(insert.returning(*inspect(table).primary_key)).first() is not None
