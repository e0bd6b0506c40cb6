"""I17: what processes keep is bounded by the work there was, not by the time that passed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

ROWS_BASE = 200
ROWS_PER_WORK = 12
BYTES_BASE = 6 << 20
BYTES_PER_WORK = 60_000


def excesses(directory: Path, work: int) -> Iterator[str]:
    """Tables and files of a process that are larger than so much work explains."""
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        size, most = path.stat().st_size, BYTES_BASE + BYTES_PER_WORK * work
        if size > most:
            yield f"{path.relative_to(directory)} has {size} bytes, {most} for {work} pieces of work"
        if path.suffix == ".db":
            yield from _tables(path, path.relative_to(directory), work)


def _tables(path: Path, name: Path, work: int) -> Iterator[str]:
    most = ROWS_BASE + ROWS_PER_WORK * work
    for table, rows in row_counts(path).items():
        if rows > most:
            yield f"{table} of {name} has {rows} rows, {most} for {work} pieces of work"


def row_counts(path: Path) -> dict[str, int]:
    """Rows by table of an SQLite file; nothing of a file that is none, or that its process keeps to itself."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] for table in tables}  # noqa: S608
    except sqlite3.DatabaseError:
        return {}
    finally:
        connection.close()
