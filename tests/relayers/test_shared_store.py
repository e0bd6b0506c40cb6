"""What replicas may rely on, on SQLite and on PostgreSQL alike."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, inspect, text

from bridge.packets import Packet, packet_id
from relayers.crash_points import CrashPoint
from relayers.errors import ForeignDatabase, NameTaken, Superseded
from relayers.leases import LEASE_SECONDS
from relayers.packet_claims import CLAIM_MAX, CLAIM_SECONDS, in_states, is_due
from relayers.packet_store import PacketStore, SeenGap, SeenPacket
from relayers.retries import MISSING_EVENTS
from relayers.states import PacketState
from relayers.store import Store
from relayers.submission_tables import SubmissionRow

LANE = "101->100/1"
ADDRESS = "0x" + "00" * 19 + "01"
PACKET = Packet(
    source_chain=101,
    source_mailbox=ADDRESS,
    destination_chain=100,
    destination_mailbox=ADDRESS,
    route_epoch=1,
    nonce=0,
    sender=ADDRESS,
    recipient=ADDRESS,
    timeout_timestamp=10**10,
    gas_limit=1,
    payload=b"",
)


def seen(nonce):
    packet = replace(PACKET, nonce=nonce)
    return SeenPacket(packet_id=packet_id(packet), packet=packet, nonce=nonce, block=nonce)


def fill(store, count, first=0):
    packets = PacketStore(store, LANE)
    packets.record_packets([seen(nonce) for nonce in range(first, first + count)], first + count)
    return packets


def due(packets, now=0):
    return packets.claim(in_states(PacketState.SENT), is_due(now), now=now)


def nonces(rows):
    return [row.packet.nonce for row in rows]


def test_replicas_share_the_packets_and_none_is_two_replicas(database):
    one, two = database(replica="one"), database(replica="two")
    first, second = fill(one, 2 * CLAIM_MAX + 10), PacketStore(two, LANE)
    taken, others = nonces(due(first)), nonces(due(second))
    assert len(taken) == len(others) == CLAIM_MAX
    assert not set(taken) & set(others)


def test_what_is_new_is_told_from_what_is_known(database):
    packets = fill(database(replica="one"), 2)
    assert [item.nonce for item in packets.record_packets([seen(1), seen(2)], 3)] == [2]


def test_replicas_that_claim_at_the_same_moment_share_too(database):
    stores = [database(replica=f"replica {number}") for number in range(4)]
    fill(stores[0], 3 * CLAIM_MAX)
    taken, start = {}, threading.Barrier(4)

    def work(store):
        start.wait()
        taken[store.replica] = set(nonces(due(PacketStore(store, LANE))))

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 4
    assert sum(map(len, taken.values())) == len(set().union(*taken.values())) > CLAIM_MAX


def test_what_a_dead_replica_claimed_goes_to_another_in_time(database):
    one, two = database(replica="one"), database(replica="two")
    first, second = fill(one, 3), PacketStore(two, LANE)
    assert nonces(due(first, now=100)) == [0, 1, 2]
    assert due(second, now=100 + CLAIM_SECONDS - 1) == []
    assert nonces(due(second, now=100 + CLAIM_SECONDS)) == [0, 1, 2]


def test_a_replica_that_was_taken_over_writes_nothing(database):
    one, two = database(replica="one"), database(replica="two")
    first, second = fill(one, 1), PacketStore(two, LANE)
    (row,) = due(first, now=0)
    due(second, now=CLAIM_SECONDS)
    with pytest.raises(Superseded):
        first.move([row.packet_id], PacketState.DELIVERING)
    assert second.state_of(row.packet_id) is PacketState.SENT
    second.move([row.packet_id], PacketState.DELIVERING)


def test_a_process_started_again_takes_its_work_back_at_once_and_its_ghost_writes_nothing(database):
    ghost = database(replica="one")
    packets = fill(ghost, 1)
    (row,) = due(packets, now=0)
    again = database(replica="one")
    assert nonces(due(PacketStore(again, LANE), now=1)) == [0]
    with pytest.raises(NameTaken):
        packets.move([row.packet_id], PacketState.DELIVERING)
    with pytest.raises(NameTaken):
        ghost.demand("client", 1)
    assert (ghost.epoch, again.epoch) == (1, 2)


def test_a_tool_takes_nobodys_work_away(database):
    one = database(replica="one")
    packets = fill(one, 1)
    tool = database(replica=None)
    tool.demand("client", 1)
    (row,) = due(packets)
    packets.move([row.packet_id], PacketState.DELIVERING)


def test_one_leads_and_another_only_when_it_has_been_silent(database):
    one, two = database(replica="one"), database(replica="two")
    with one.leading("role", 100) as lease:
        assert lease is not None
    with two.leading("role", 100 + LEASE_SECONDS - 1) as lease:
        assert lease is None
    with two.leading("role", 100 + LEASE_SECONDS) as lease:
        assert lease is not None
        assert lease.epoch == 2


def test_a_stale_leaders_writes_are_refused(database):
    one, two = database(replica="one"), database(replica="two")
    with one.leading("role", 100):
        with two.leading("role", 100 + LEASE_SECONDS):
            two.demand("client", 7)
        with pytest.raises(Superseded):
            one.demand("client", 9)
    assert one.demanded("client") == 7
    one.demand("client", 8)  # what needs no lead it may still do
    assert two.demanded("client") == 8


def test_a_backlog_of_thousands_does_not_hide_what_is_new(database):
    store = database(replica="one")
    packets = fill(store, 3_000)
    fill(store, 1, first=3_000)
    assert 3_000 in nonces(due(packets))


def test_a_backlog_is_worked_off_while_new_packets_come(database):
    store = database(replica="one")
    packets, newest, done = fill(store, 400), 400, set()
    for now in range(1, 60):
        fill(store, 5, first=newest)
        newest += 5
        claimed = due(packets, now=now)
        assert set(range(newest - 5, newest)) <= set(nonces(claimed))
        finished = claimed[:32] + claimed[32:][-32:]
        packets.move([row.packet_id for row in finished], PacketState.ACKNOWLEDGED)
        done |= set(nonces(finished))
    assert set(range(400)) <= done


def test_rows_that_only_wait_do_not_keep_others_from_being_looked_at(database):
    packets = fill(database(replica="one"), 4 * CLAIM_MAX)
    looked_at = set()
    for now in range(1, 12):
        looked_at |= set(nonces(due(packets, now=now)))
    assert looked_at == set(range(4 * CLAIM_MAX))


def test_a_gap_is_kept_until_it_is_filled(database):
    packets = fill(database(replica="one"), 1)
    gap = SeenGap(first_nonce=1, last_nonce=2, first_block=5, last_block=9)
    packets.record_packets([seen(3)], 10, next_nonce=4, gaps=[gap])
    ((number, found),) = packets.gaps(due_at=0)
    assert (found, packets.next_nonce()) == (gap, 4)
    packets.fill_gap(number, [seen(1)], is_filled=False, now=100, schedule=MISSING_EVENTS)
    assert packets.gaps(due_at=100) == []
    ((number, _),) = packets.gaps(due_at=100 + MISSING_EVENTS.wait_seconds(1))
    packets.fill_gap(number, [seen(1), seen(2)], is_filled=True, now=200, schedule=MISSING_EVENTS)
    assert packets.gaps(due_at=10**6) == []
    assert len(packets.in_states([PacketState.SENT])) == 4


def test_a_transaction_that_dies_at_its_commit_leaves_no_trace(database):
    def die(point):
        if point is CrashPoint.MID_FSYNC:
            raise KeyboardInterrupt

    store = database(replica="one")
    dying = database(replica="two", hook=die)
    with pytest.raises(KeyboardInterrupt):
        dying.demand("client", 5)
    assert store.demanded("client") is None


def test_migrations_lead_to_the_tables_of_this_code(database, tmp_path):
    store = database(replica=None)
    with store.reading() as session:
        created = described(session.connection())
    path = tmp_path / "migrated.db"
    first_schema(path)
    migrated = Store(path, replica=None)
    with migrated.reading() as session:
        assert described(session.connection()) == created
        assert session.execute(text("SELECT sender FROM packets")).scalar_one() == ADDRESS
    for table in SubmissionRow.metadata.tables.values():
        assert created[table.name] == {column.name: not column.nullable for column in table.columns}


def described(connection):
    found = inspect(connection)
    return {
        name: {column["name"]: not column["nullable"] for column in found.get_columns(name)}
        for name in found.get_table_names()
    }


def first_schema(path):
    """A file of the release before Alembic, with a packet in it."""
    from alembic import command  # noqa: PLC0415 - slow, and only here
    from alembic.config import Config  # noqa: PLC0415

    from bridge.packets import encode_packet  # noqa: PLC0415

    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "relayers:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("PRAGMA user_version=1"))
        connection.execute(
            text(
                "INSERT INTO packets VALUES ('lane', :id, :encoding, :zero, :zero, 1, 'sent', '', 0, 0, '', NULL, NULL)"
            ),
            {"id": b"\1" * 32, "encoding": encode_packet(PACKET), "zero": bytes(8)},
        )
    engine.dispose()


def test_a_migration_that_dies_is_made_again(tmp_path):
    path = tmp_path / "old.db"
    first_schema(path)

    def die(point):
        if point is CrashPoint.MIGRATION:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(path, hook=die)
    engine = create_engine(f"sqlite:///{path}")
    assert "submissions" not in inspect(engine).get_table_names()
    engine.dispose()
    assert PacketStore(Store(path), "lane").state_of(b"\1" * 32) is PacketState.SENT


def test_a_newer_schema_is_refused(database):
    store = database(replica="one")
    with store.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num='9999'"))
    with pytest.raises(ForeignDatabase):
        database(replica="one")
