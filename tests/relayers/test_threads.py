"""Daemons of one process step at the same time: what only one may do at a time, and what nobody has to wait for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chains import ChainServer, Depth, LocalChain, Patience, RpcChain, VirtualClock
from relayers.crash_points import CrashPoint
from relayers.reports import Journal, WaitsFor
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, SubmissionState, Submitter
from tests.relayers.submitter.conftest import BALANCES, CHAIN_ID, FIRST, STRANGER

THREADS, EACH = 8, 2


def in_another_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(timeout=10)


def test_a_role_is_one_threads_at_a_time(database):
    store = database()

    def leads():
        with store.leading("scan", 0) as lease:
            return lease is not None

    with store.leading("scan", 0) as lease:
        assert lease is not None
        assert leads()  # the thread that leads may lead within
        assert not in_another_thread(leads)
    assert in_another_thread(leads)


def test_a_writer_waits_for_the_one_before_and_a_reader_for_nobody(tmp_path):
    """Also with more threads than connections are kept."""
    store = Store(tmp_path / "shared.db")
    ready = threading.Barrier(40)

    def demand(number):
        ready.wait(10)
        store.demand("client", number)
        return store.demanded("client")

    with store.transaction():
        assert in_another_thread(lambda: store.demanded("client")) is None
    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(demand, range(1, 41)))
    assert store.demanded("client") == 40


@pytest.fixture(name="served")
def _served():
    clock = VirtualClock(1_800_000_000)
    chain = LocalChain(chain_id=CHAIN_ID, clock=clock, balances=BALANCES, finality=Depth(2))
    with ChainServer(chain) as server:

        def mine(blocks=1):
            for _ in range(blocks):
                clock.advance(5)
                with server.lock:
                    chain.mine()

        mine(3)
        far = RpcChain.connect(
            server.url, chain_id=CHAIN_ID, clock=clock, finality=Depth(2), patience=Patience(request_seconds=30)
        )
        yield far, mine


def test_one_signer_serves_many_threads_without_a_gap_or_a_nonce_twice(served, database):
    chain, mine = served
    store = database()
    ready, slow = threading.Barrier(THREADS), iter([0.3])

    def hook(point):
        if point is CrashPoint.AFTER_SIGN:
            time.sleep(next(slow, 0))  # whoever is first hands over late

    def work(number):
        submitter = Submitter(store, chain, [FIRST], hook=hook)
        ready.wait(10)
        for turn in range(EACH):
            call = {"to": STRANGER.address, "value": 5, "data": b""}
            errand = Errand(kind=ErrandKind.OTHER, subjects=(bytes([number, turn]),), gas=30_000)
            assert submitter.submit(call, errand).state is SubmissionState.BROADCAST
            submitter.tend(Journal())

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    submitter = Submitter(store, chain, [FIRST])
    sent = [
        submitter.submissions(ErrandKind.OTHER, bytes([number, turn]))
        for number in range(THREADS)
        for turn in range(EACH)
    ]
    assert sorted(one.nonce for (one,) in sent) == list(range(THREADS * EACH))
    assert {one.state for (one,) in sent} == {SubmissionState.BROADCAST}
    mine()
    with ThreadPoolExecutor(THREADS) as pool:
        looks = list(pool.map(lambda _: submitter.step(), range(THREADS)))
    mine(3)
    with ThreadPoolExecutor(THREADS) as pool:
        looks += pool.map(lambda _: submitter.step(), range(THREADS))
    busy = {wait.waits_for for look in looks for wait in look.waiting}
    assert busy <= {WaitsFor.LEADER, WaitsFor.DESTINATION_FINALITY}
    submitter.step()
    assert len(finalized(submitter)) == THREADS * EACH


def finalized(submitter):
    return [
        number
        for number in range(THREADS * EACH)
        if submitter.submissions(ErrandKind.OTHER, bytes(divmod(number, EACH)))[0].state is SubmissionState.FINALIZED
    ]
