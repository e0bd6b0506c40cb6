"""Every schema there ever was, with a row in each of its tables, comes up to the present one: on both databases."""

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from bridge.packets import encode_packet
from relayers.crash_points import CrashPoint
from relayers.errors import ForeignDatabase
from relayers.packet_store import PacketStore
from relayers.schema import SCHEMA_VERSION, USER_VERSIONS
from relayers.states import PacketState
from relayers.store import Store
from tests.relayers.test_shared_store import PACKET, described

OLDER = [version for version in USER_VERSIONS if version != SCHEMA_VERSION]
PACKET_ID = b"\1" * 32


@pytest.fixture(name="url", params=["sqlite", "postgresql"])
def _url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/old.db"
    return request.getfixturevalue("postgres").new_url()


def old_database(url, version):
    """A database as that version left it, with a row in each table; the rows by table."""
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "relayers:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"PRAGMA user_version={USER_VERSIONS[version]}"))
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        for name in names:
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            connection.execute(table.insert().values(**{column.name: filling(column) for column in table.columns}))
    engine.dispose()
    return names


def filling(column):
    known = {"lane": "lane", "packet_id": PACKET_ID, "encoding": encode_packet(PACKET), "state": "sent"}
    if column.name in known:
        return known[column.name]
    if isinstance(column.type, sa.LargeBinary | sa.dialects.postgresql.BYTEA):
        return bytes(8)
    if isinstance(column.type, sa.Boolean):
        return False
    return "" if isinstance(column.type, sa.String) else 0


def rows(store, names):
    with store.reading() as session:
        return {name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


@pytest.mark.parametrize("version", OLDER)
def test_a_filled_database_comes_up_whole(url, version):
    names = old_database(url, version)
    store = Store(url=url)
    assert PacketStore(store, "lane").state_of(PACKET_ID) is PacketState.SENT
    counted = rows(store, names)
    assert counted == dict.fromkeys(names, 1) | ({"leases": 2} if "leases" in names else {})
    present = Store()
    with store.reading() as session, present.reading() as other:
        assert described(session.connection()) == described(other.connection())


@pytest.mark.parametrize("version", OLDER)
def test_one_killed_in_the_middle_is_as_it_was_and_comes_up_the_next_time(url, version):
    names = old_database(url, version)

    def die(point):
        if point is CrashPoint.MIGRATION:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(url=url, hook=die)
    engine = create_engine(url)
    assert set(inspect(engine).get_table_names()) == {*names, "alembic_version"}
    assert "ended_at" not in {column["name"] for column in inspect(engine).get_columns("packets")}
    engine.dispose()
    store = Store(url=url)
    assert rows(store, ["packets"]) == {"packets": 1}


def test_an_older_release_refuses_a_newer_database_by_its_version_and_changes_nothing(url):
    store = Store(url=url)
    with store.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num='0099'"))
    store.close()
    with pytest.raises(ForeignDatabase, match=f"schema version 0099, expected {SCHEMA_VERSION}"):
        Store(url=url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0099"
    engine.dispose()
