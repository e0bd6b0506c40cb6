"""What is over goes, in small pieces; what something still needs stays, and nothing is delivered or alarmed twice."""

from functools import partial

import pytest
from sqlalchemy import func, select

from relayers.pruning import Pruner, Retention
from relayers.reports import Did
from relayers.states import TaskState
from relayers.store import Store
from relayers.submission_tables import AttemptRow, EntryRow, SubjectRow, SubmissionRow
from relayers.submitter import totals
from relayers.tables import AnswerRow, PacketRow, TaskRow
from relayers.task_store import Task, TaskStore
from relayers.watching.sent_packets import SentPackets
from tests.relayers.conftest import EAST, ETHER
from tests.relayers.watching.test_watcher import a_block_later, raised, watch

KEEP = 7_200
TABLES = (PacketRow, AnswerRow, TaskRow, SubmissionRow, SubjectRow, AttemptRow, EntryRow)


def counts(store):
    with store.reading() as session:
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) for table in TABLES}


def prune(store, now, *, rows=500):
    """Mark, and take out what has been marked for long enough."""
    for at in (now, now + KEEP):
        report = Pruner(store, lambda: Retention(keep_seconds=KEEP, rows=rows), lambda at=at: at).step()
    return report


def sent_by(network):
    """Transactions the daemons have sent, by chain."""
    return {
        number: chain.next_nonce(bytes.fromhex(network.signer.address[2:])) for number, chain in network.chains.items()
    }


def test_what_is_over_goes_and_is_neither_read_nor_sent_again(network):
    for _ in range(3):
        network.deposit(EAST, 5_000_000)
    network.run()
    brought = totals(network.store)
    assert counts(network.store)["packets"] == 3
    prune(network.store, network.clock.now())
    assert set(counts(network.store).values()) == {0}
    assert totals(network.store) == brought
    before = sent_by(network)
    for _ in range(3):
        network.round()
    assert sent_by(network) == before
    sent = network.deposit(EAST, 5_000_000)
    network.run()
    assert network.relayer(EAST, 100).packets.state_of(sent.packet_id) == "acknowledged"


def test_a_pruned_database_that_is_lost_is_rebuilt_and_sends_nothing(network):
    network.deposit(EAST, 5_000_000)
    network.run()
    prune(network.store, network.clock.now())
    before = sent_by(network)
    network.start()
    network.run()
    assert sent_by(network) == before
    assert counts(network.store)["packets"] == 1


def test_what_is_under_way_stays_however_old(make_network):
    """Mined and not final: a reorganisation may yet take it out, and its daemon asks what came of it."""
    from chains import Depth  # noqa: PLC0415

    network = make_network(finality=Depth(6))
    sent = network.deposit(EAST, 5_000_000)
    for _ in range(40):
        network.round()
        if network.relayer(EAST, 100).packets.state_of(sent.packet_id) == "answered":
            break
    held = counts(network.store)
    assert held["submissions"] > 0
    prune(network.store, network.clock.now() + 10**9)
    left = counts(network.store)
    assert (left["packets"], left["answers"]) == (held["packets"], held["answers"])
    subjects = {sent.packet_id}
    with network.store.reading() as session:
        kept = set(session.scalars(select(SubjectRow.subject)))
    assert subjects <= kept
    for _ in range(40):
        network.round()
    assert network.relayer(EAST, 100).packets.state_of(sent.packet_id) == "acknowledged"


def test_a_step_takes_so_many_rows_and_no_more(database):
    store = database()
    queue = TaskStore(store, "payments 1/0x")
    queue.record([Task(key=bytes([number]), position=number) for number in range(10)], 1)
    for number in range(9):
        queue.move(bytes([number]), TaskState.DONE)
    step = partial(Pruner, store, lambda: Retention(keep_seconds=KEEP, rows=4))
    for now, left in ((0, 10), (1, 10), (2, 10), (KEEP + 1, 6), (KEEP + 2, 2), (KEEP + 3, 1), (10 * KEEP, 1)):
        step(lambda now=now: now + 1).step()
        assert counts(store)["tasks"] == left


def test_one_replica_prunes(database):
    one, two = database(replica="one"), database(replica="two")
    with one.leading("prune", 1_000):
        (wait,) = Pruner(two, Retention, lambda: 1_001).step().waiting
    assert wait.subject == "prune"


@pytest.mark.parametrize("wrong", [{"keep_seconds": 3_599}, {"rows": 0}])
def test_what_would_be_gone_at_once_is_refused(wrong):
    with pytest.raises(ValueError, match="at least"):
        Retention(**wrong)


class TestTheWatchersPackets:
    def refunded_late(self, network, store):
        """A deposit nobody delivers; the watcher has read it, and its rows are pruned before it comes back."""
        watcher = watch(network, store)
        sent = network.deposit(EAST, ETHER, symbol="ETH", timeout=network.clock.now() + 600)
        a_block_later(network)
        watcher.step()
        prune(store, network.clock.now() + 10**6)
        network.clock.advance(3_600)
        network.mine()
        network.run()
        a_block_later(network)
        return watcher, sent

    def test_one_that_may_still_come_back_is_kept(self, network):
        store = Store()
        watcher, sent = self.refunded_late(network, store)
        assert raised(watcher.step()) == []
        watcher.step()
        prune(store, network.clock.now())
        with store.reading() as session:
            assert session.get(TaskRow, (f"watched packets {EAST}", sent.packet_id)) is None

    def test_the_twin_that_forgets_what_is_unanswered_cries_for_nothing(self, network, monkeypatch):
        def forget(packets, chain_id):
            for task in packets._queues[chain_id].page((0, b""), 100):
                packets._queues[chain_id].move(task.key, TaskState.DONE)

        monkeypatch.setattr(SentPackets, "settle", forget)
        watcher, _ = self.refunded_late(network, Store())
        assert raised(watcher.step()) == ["UnmatchedRelease"]


def test_a_step_says_what_it_took_out(network):
    network.deposit(EAST, 5_000_000)
    network.run()
    report = prune(network.store, network.clock.now())
    assert {action.subject: (action.did, action.detail) for action in report.actions}["packets"] == (Did.PRUNED, "1")
