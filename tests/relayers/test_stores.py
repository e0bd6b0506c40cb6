import sqlite3

import pytest

from chains import TransactionReverted
from relayers.errors import ForeignDatabase, IllegalTransition
from relayers.packet_store import PacketStore, SeenPacket
from relayers.reports import Did, Journal
from relayers.retries import PAYMENT
from relayers.states import TASK_TRANSITIONS, TERMINAL, TRANSITIONS, AbandonReason, PacketState, TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore

EAST = 101


@pytest.fixture(name="sent")
def _sent(network):
    return network.deposit(EAST, 5)


@pytest.fixture(name="packets")
def _packets(sent):
    packets = PacketStore(Store(), "a lane")
    packets.record_packets([seen(sent)], 10)
    return packets


def seen(sent, **changes):
    fields = {"packet_id": sent.packet_id, "packet": sent.packet, "nonce": sent.nonce, "block": sent.block}
    return SeenPacket(**{**fields, **changes})


def test_every_state_has_its_transitions():
    assert set(TRANSITIONS) == set(PacketState)
    assert set(TASK_TRANSITIONS) == set(TaskState)
    assert set(TERMINAL) == {PacketState.ACKNOWLEDGED, PacketState.ABANDONED}


def test_every_state_is_reachable_and_leads_to_an_end():
    reached, frontier = set(), {PacketState.SENT}
    while frontier:
        reached |= frontier
        frontier = {after for state in frontier for after in TRANSITIONS[state]} - reached
    assert reached == set(PacketState)
    for state in PacketState:
        assert state in TERMINAL or TRANSITIONS[state]


def test_a_packet_is_kept_once_with_its_cursor(packets, sent):
    assert packets.source_cursor(0) == 10
    assert packets.record_packets([seen(sent)], 20) == []
    assert packets.source_cursor(0) == 20
    (row,) = packets.in_states([PacketState.SENT])
    assert (row.packet, row.sent_block, row.attempts) == (sent.packet, sent.block, 0)


@pytest.mark.parametrize("to", [PacketState.ACKNOWLEDGING, PacketState.SENT])
def test_an_illegal_transition_is_refused_and_moves_nothing(packets, sent, to):
    with pytest.raises(IllegalTransition) as refusal:
        packets.move([sent.packet_id], to)
    assert (refusal.value.before, refusal.value.after) == ("sent", to.value)
    assert packets.state_of(sent.packet_id) is PacketState.SENT


def test_terminal_rows_stay(packets, sent):
    packets.move([sent.packet_id], PacketState.ABANDONED, reason=AbandonReason.NOT_COMMITTED)
    for to in PacketState:
        with pytest.raises(IllegalTransition):
            packets.move([sent.packet_id], to)
    assert packets.reason_of(sent.packet_id) == "NotCommitted"


def test_a_move_of_several_is_all_or_none(packets, sent, network):
    other = network.deposit(EAST, 6)
    packets.record_packets([seen(other)], 20)
    packets.move([other.packet_id], PacketState.EXPIRING)
    with pytest.raises(IllegalTransition):
        packets.move([sent.packet_id, other.packet_id], PacketState.DELIVERING)
    assert packets.state_of(sent.packet_id) is PacketState.SENT


def test_a_failed_packet_is_due_when_it_says(packets, sent):
    packets.move([sent.packet_id], PacketState.DELIVERING)
    packets.fail(sent.packet_id, PacketState.SENT, error="WrongPacket()", not_before=100, counts=True)
    assert packets.in_states([PacketState.SENT], due_at=99) == []
    (row,) = packets.in_states([PacketState.SENT], due_at=100)
    assert row.attempts == 1
    assert packets.reason_of(sent.packet_id) == "WrongPacket()"


def test_numbers_an_event_may_claim_fit(packets, sent):
    last = (1 << 64) - 1
    packets.record_packets(
        [seen(sent, packet_id=b"\1" * 32, packet=None, nonce=last, abandoned=AbandonReason.MALFORMED)], 30
    )
    assert packets.state_of(b"\1" * 32) is PacketState.ABANDONED


def test_a_database_survives_its_process(tmp_path, sent):
    path = tmp_path / "relayers.db"
    store = Store(path)
    PacketStore(store, "a lane").record_packets([seen(sent)], 10)
    store.close()
    assert PacketStore(Store(path), "a lane").state_of(sent.packet_id) is PacketState.SENT


def test_lanes_do_not_see_each_other(tmp_path, sent):
    store = Store(tmp_path / "relayers.db")
    PacketStore(store, "a lane").record_packets([seen(sent)], 10)
    assert PacketStore(store, "another").state_of(sent.packet_id) is None


def test_a_database_of_another_version_is_refused(tmp_path):
    path = tmp_path / "relayers.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(ForeignDatabase):
        Store(path)


def test_a_lower_demand_changes_nothing():
    store = Store()
    assert store.demanded("client") is None
    store.demand("client", 7)
    store.demand("client", 5)
    assert store.demanded("client") == 7


def test_a_failed_task_waits_its_turn_and_blocks_nobody():
    tasks = TaskStore(Store(), "queue")
    one, other = Task(key=b"1", position=1), Task(key=b"2", position=2)
    tasks.record([one, other], 5)
    tasks.move(one.key, TaskState.ACTING)
    journal = Journal()
    tasks.fail(journal, one, TransactionReverted("No", (), error="No()"), schedule=PAYMENT, now=1_000)
    assert [task.key for task in tasks.waiting(1_000)] == [b"2"]
    assert [task.key for task in tasks.waiting(1_000 + PAYMENT.wait_seconds(1))] == [b"1", b"2"]
    assert journal.report().count(Did.FAILED) == 1


def test_a_done_task_stays_done():
    tasks = TaskStore(Store(), "queue")
    tasks.record([Task(key=b"1", position=1)], 5)
    tasks.move(b"1", TaskState.DONE)
    with pytest.raises(IllegalTransition):
        tasks.move(b"1", TaskState.ACTING)
    tasks.record([Task(key=b"1", position=1)], 6)
    assert tasks.state_of(b"1") is TaskState.DONE
