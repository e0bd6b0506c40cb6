"""A disk that fills up, lies and loses power under real SQLite."""

import sqlite3

import pytest

from clearspan.lab.disk import Disk


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path)
    yield made
    made.forget()


def connect(disk):
    connection = sqlite3.connect(disk.directory / "a.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (value)")
    return connection


def write(disk, count):
    """Rows, each a transaction of its own, by a process that is killed then."""
    connection = connect(disk)
    for value in range(count):
        connection.execute("INSERT INTO rows VALUES (?)", (value,))
    disk.is_off = True
    connection.close()
    disk.is_off = False


def rows(disk):
    connection = connect(disk)
    count = connection.execute("SELECT count(*) FROM rows").fetchone()[0]
    check = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return count, check


def test_what_an_honest_disk_acknowledged_survives_a_loss_of_power(disk):
    write(disk, 20)
    disk.lose_power(torn=True)
    assert rows(disk) == (20, "ok")


def test_what_a_lying_disk_acknowledged_does_not(disk):
    write(disk, 20)
    disk.lies = True
    write(disk, 30)
    disk.lose_power(torn=False)
    disk.lies = False
    assert rows(disk) == (20, "ok")


def test_of_what_is_torn_a_part_is_there_and_sqlite_finds_the_end_of_it(disk):
    write(disk, 20)
    disk.lies = True
    write(disk, 30)
    disk.lose_power(torn=True)
    disk.lies = False
    count, check = rows(disk)
    assert 20 < count < 50
    assert check == "ok"


def test_a_process_that_is_killed_loses_nothing_on_a_disk_with_power(disk):
    disk.lies = True
    write(disk, 20)
    disk.lies = False
    assert rows(disk) == (20, "ok")


def test_a_full_disk_takes_nothing_and_keeps_what_it_has(disk):
    write(disk, 3)
    disk.is_full = True
    connection = sqlite3.connect(disk.directory / "a.db", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.execute("INSERT INTO rows VALUES (1)")
    connection.close()
    disk.is_full = False
    assert rows(disk) == (3, "ok")


def test_files_elsewhere_are_as_always(disk, tmp_path_factory):
    disk.is_full = True
    other = tmp_path_factory.mktemp("other")
    connection = sqlite3.connect(other / "a.db", isolation_level=None)
    connection.execute("CREATE TABLE rows (value)")
    connection.close()
