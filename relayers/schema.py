"""Brings a database to the present schema in one transaction, or leaves it as it was."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from relayers.crash_points import CrashPoint, Hook
from relayers.errors import ForeignDatabase
from relayers.submission_tables import SubmissionRow

SCHEMA_VERSION = "0003"
FIRST_VERSION = "0001"
USER_VERSIONS = {FIRST_VERSION: 1, "0002": 2, SCHEMA_VERSION: 3}
"""SQLite's own version number, by which a release from before Alembic knows that a file is not for it."""
MIGRATION_LOCK = 7_233_281
"""PostgreSQL's advisory lock under which one replica migrates and the others wait."""


def migrate(engine: Engine, hook: Hook) -> None:
    """Upgrade; raises `ForeignDatabase` for a newer schema, or for tables of our names that are not ours."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        found = _version(connection)
        if found == SCHEMA_VERSION:
            return
        if found is None:
            _create(connection)
        else:
            _upgrade(connection, found)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA user_version={USER_VERSIONS[SCHEMA_VERSION]}")
        hook(CrashPoint.MIGRATION)


def _version(connection: Connection) -> str | None:
    """The schema the database has, None for one that holds nothing of ours."""
    names = set(inspect(connection).get_table_names())
    if "alembic_version" in names:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        if found not in USER_VERSIONS:
            raise ForeignDatabase(found, SCHEMA_VERSION)
        return str(found)
    known = 0
    if connection.dialect.name == "sqlite":
        known = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if known == USER_VERSIONS[FIRST_VERSION] and "packets" in names:
        return FIRST_VERSION
    ours = names & set(SubmissionRow.metadata.tables)
    if known or ours:
        raise ForeignDatabase(f"{known} with {len(ours)} tables", SCHEMA_VERSION)
    return None


def _create(connection: Connection) -> None:
    """All tables at once: what the migrations lead to, which a test compares, but without loading Alembic."""
    SubmissionRow.metadata.create_all(connection)  # of all tables: they share one base
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA_VERSION})


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command  # noqa: PLC0415 - takes 100 ms, and most openings migrate nothing
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    if not inspect(connection).has_table("alembic_version"):
        command.stamp(config, found)
    command.upgrade(config, "head")
