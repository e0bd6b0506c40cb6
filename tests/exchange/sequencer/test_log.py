"""Both logs behave as one, keep what they were given, and notice every edit."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_keccak import keccak256

from exchange.sequencer.errors import CorruptReason, LogCorrupt, Unavailable, UnavailableReason
from exchange.sequencer.log import MemoryLog
from exchange.sequencer.sqlite_log import SqliteLog

GENESIS = bytes(range(32))


@pytest.fixture(params=["memory", "sqlite"])
def log(request, tmp_path):
    found = MemoryLog(GENESIS) if request.param == "memory" else SqliteLog(tmp_path / "log.db", GENESIS)
    yield found
    found.close()


def edit(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def filled(path, payloads):
    log = SqliteLog(path, GENESIS)
    log.append(payloads)
    log.close()


def test_entries_come_back_in_order_and_chained(log):
    assert (log.height, log.durable_height, log.head, list(log.read())) == (0, 0, GENESIS, [])
    assert log.append([b"a", b""]) == 2
    assert log.append([]) == 2
    assert log.append([b"c"]) == 3
    assert (log.height, log.durable_height) == (3, 3)
    entries = list(log.read())
    assert [(entry.height, entry.payload) for entry in entries] == [(0, b"a"), (1, b""), (2, b"c")]
    first = keccak256(b"\x04" + GENESIS + (0).to_bytes(8, "big") + b"a")
    assert entries[0].digest == first
    assert entries[1].digest == keccak256(b"\x04" + first + (1).to_bytes(8, "big"))
    assert log.head == entries[2].digest
    assert list(log.read(1)) == entries[1:]
    assert list(log.read(3)) == []


def test_a_reopened_log_goes_on_where_it_was(tmp_path):
    path = tmp_path / "log.db"
    filled(path, [b"a", b"b"])
    log = SqliteLog(path, GENESIS)
    before = log.head
    log.append([b"c"])
    assert [entry.payload for entry in log.read()] == [b"a", b"b", b"c"]
    assert log.head == keccak256(b"\x04" + before + (2).to_bytes(8, "big") + b"c")
    log.close()


def test_what_was_appended_survives_a_process_that_never_closed(tmp_path):
    path = tmp_path / "log.db"
    log = SqliteLog(path, GENESIS)
    log.append([b"a"])
    log.append([b"b"])
    copy = tmp_path / "crashed"
    copy.mkdir()
    for suffix in ("", "-wal"):
        (copy / f"log.db{suffix}").write_bytes((tmp_path / f"log.db{suffix}").read_bytes())
    log.close()
    assert [entry.payload for entry in SqliteLog(copy / "log.db", GENESIS).read()] == [b"a", b"b"]


def test_every_commit_is_fsynced(tmp_path):
    log = SqliteLog(tmp_path / "log.db", GENESIS)
    settings = [log._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]
    log.close()


def test_a_torn_write_ahead_log_loses_only_its_unfinished_commit(tmp_path):
    path = tmp_path / "log.db"
    log = SqliteLog(path, GENESIS)
    log.append([b"a"])
    whole = (tmp_path / "log.db-wal").stat().st_size
    log.append([b"b" * 100])
    wal = (tmp_path / "log.db-wal").read_bytes()
    base = path.read_bytes()
    log.close()
    assert len(wal) > whole
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / "log.db").write_bytes(base)
    (torn / "log.db-wal").write_bytes(wal[: whole + (len(wal) - whole) // 2])
    assert [entry.payload for entry in SqliteLog(torn / "log.db", GENESIS).read()] == [b"a"]


@pytest.mark.parametrize(
    ("statement", "reason", "height"),
    [
        ("UPDATE entries SET payload = x'62' WHERE height = 1", CorruptReason.DIGEST, 1),
        ("UPDATE entries SET digest = zeroblob(32) WHERE height = 1", CorruptReason.DIGEST, 1),
        ("DELETE FROM entries WHERE height = 1", CorruptReason.GAP, 1),
        ("DELETE FROM entries WHERE height = 0", CorruptReason.GAP, 0),
        ("UPDATE entries SET height = 9 WHERE height = 2", CorruptReason.GAP, 2),
        ("INSERT INTO entries SELECT height + 3, payload, digest FROM entries", CorruptReason.DIGEST, 3),
    ],
)
def test_an_edited_log_is_detected_where_it_was_edited(tmp_path, statement, reason, height):
    path = tmp_path / "log.db"
    filled(path, [b"a", b"x", b"c"])
    edit(path, statement)
    with pytest.raises(LogCorrupt) as caught:
        list(SqliteLog(path, GENESIS).read())
    assert (caught.value.reason, caught.value.height) == (reason, height)


def test_a_swap_of_whole_rows_is_detected(tmp_path):
    path = tmp_path / "log.db"
    filled(path, [b"a", b"x", b"c"])
    edit(
        path,
        "UPDATE entries SET height = 9 WHERE height = 1",
        "UPDATE entries SET height = 1 WHERE height = 2",
        "UPDATE entries SET height = 2 WHERE height = 9",
    )
    with pytest.raises(LogCorrupt, match="Digest at height 1"):
        list(SqliteLog(path, GENESIS).read())


@given(st.integers(0, 4), st.integers(0, 200))
def test_a_changed_row_in_memory_is_detected(row, bit):
    log = MemoryLog(GENESIS)
    log.append([bytes([each]) * 26 for each in range(5)])
    payload, digest = log.rows[row]
    log.rows[row] = ((int.from_bytes(payload, "big") ^ (1 << bit)).to_bytes(26, "big"), digest)
    with pytest.raises(LogCorrupt, match=f"Digest at height {row}"):
        list(log.read())


def test_a_log_of_another_genesis_is_refused(tmp_path):
    path = tmp_path / "log.db"
    filled(path, [b"a"])
    with pytest.raises(LogCorrupt, match="Foreign"):
        SqliteLog(path, bytes(32))
    assert SqliteLog(path, GENESIS).height == 1


@pytest.mark.parametrize("content", [b"junk" * 500, b"SQLite format 3\x00" + b"\xff" * 4_080])
def test_a_file_that_is_no_log_is_refused(tmp_path, content):
    path = tmp_path / "log.db"
    path.write_bytes(content)
    with pytest.raises(LogCorrupt, match="Unreadable"):
        SqliteLog(path, GENESIS)


def test_another_database_or_version_is_refused(tmp_path):
    other = tmp_path / "other.db"
    edit(other, "CREATE TABLE cats (name TEXT)")
    with pytest.raises(LogCorrupt, match="Unreadable"):
        SqliteLog(other, GENESIS)
    newer = tmp_path / "log.db"
    filled(newer, [])
    edit(newer, "PRAGMA user_version = 2")
    with pytest.raises(LogCorrupt, match="Unreadable"):
        SqliteLog(newer, GENESIS)


def test_one_process_at_a_time_holds_a_log(tmp_path):
    path = tmp_path / "log.db"
    first = SqliteLog(path, GENESIS)
    with pytest.raises(Unavailable) as caught:
        SqliteLog(path, GENESIS)
    assert caught.value.reason is UnavailableReason.LOG_IN_USE
    first.append([b"a"])
    first.close()
    assert SqliteLog(path, GENESIS).height == 1


def test_a_log_that_cannot_be_opened_or_written_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="LogFailed"):
        SqliteLog(tmp_path / "missing" / "log.db", GENESIS)
    log = SqliteLog(tmp_path / "log.db", GENESIS)
    log.append([b"a"])
    log._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(Unavailable, match="LogFailed"):
        log.append([b"b"])
    log._connection.execute("PRAGMA query_only=OFF")
    assert log.append([b"c"]) == 2
    assert [entry.payload for entry in log.read()] == [b"a", b"c"]
