"""A venue over HTTP: the same answers and errors as in this process, and no more than was asked for."""

import asyncio
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import requests

from exchange import engine
from exchange.engine import Reason, sign_lock_cash
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sdk.json_http import JsonServer
from exchange.sdk.remote_venue import RemoteVenue
from exchange.sdk.venue import LocalVenue
from exchange.sdk.venue_client import VenueClient
from exchange.sequencer import BatchRefused, LogCorrupt, UnavailableReason
from exchange.sequencer import Unavailable as SequencerUnavailable
from exchange.serving.asked import REQUEST_BYTES_MAX, LogEntry, Ticker, Told, VenueFacts
from exchange.serving.codec import dump
from exchange.serving.desk import OwnDesk, ThreadDesk
from exchange.serving.follower import Follower
from exchange.serving.questions import READS, Questions
from exchange.state import Config, Header
from tests.exchange.sequencer.venue import BTC, START, Venue, new_state
from tests.exchange.serving.conftest import serving


def run(coroutine):
    return asyncio.run(coroutine)


class TestSubmitting:
    def test_a_step_is_confirmed_once_however_often_it_is_sent(self, served):
        client, step = served.client(), served.people.buy(1, 59_000, 3)
        first = client.submit(step)
        again = client.submit(step)
        assert (again.sequence, again.signature) == (first.sequence, first.signature)
        assert first.events
        assert client.ask("header", Header).sequence == first.sequence

    def test_what_the_engine_refuses_is_rejected_under_its_reason(self, served):
        step = bytearray(served.people.buy(1, 59_000, 3))
        step[-40] ^= 1
        with pytest.raises(Rejected, match=Reason.BAD_SIGNATURE.value):
            served.client().submit(bytes(step))
        with pytest.raises(engine.Rejected) as caught:
            served.remote().submit(b"\xff")
        assert caught.value.reason is Reason.MALFORMED
        with pytest.raises(Rejected, match="Malformed"):
            served.client().submit(b"")

    def test_a_larger_step_than_any_is_not_read(self, served):
        headers = {"Content-Type": "application/json"}
        body = b'{"step": "0x' + b"11" * (REQUEST_BYTES_MAX // 2) + b'"}'
        answer = requests.post(f"{served.public.url}/submit", data=body, headers=headers, timeout=5)
        assert answer.status_code == 413
        body = b'{"step": "0x' + b"11" * 4_097 + b'"}'
        answer = requests.post(f"{served.public.url}/submit", data=body, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["reason"]) == (409, "Malformed")

    def test_a_confirmation_of_somebody_else_or_something_else_is_none(self, served):
        step = served.people.buy(1, 59_000, 3)
        with pytest.raises(Unavailable, match="BadConfirmation"):
            served.client(operator=b"\7" * 20).submit(step)
        assert served.client(operator=served.signer.address).submit(step)
        told = served.desk.submit(step)
        for forged in (replace(told, step_hash=b"\1" * 32), replace(told, signature=b"\0" * 65)):
            with JsonServer({"submit": lambda _, forged=forged: {"answer": dump(forged)}}) as liar:
                client = VenueClient(liar.url, served.domain, operator=served.signer.address)
                with pytest.raises(Unavailable, match="BadConfirmation"):
                    client.submit(step)

    def test_many_at_once_are_each_confirmed_once_in_one_order(self, served):
        steps = [served.people.buy(trader, 50_000 + number, 1) for number in range(20) for trader in (1, 2, 3)]
        found, client = [], served.client()

        def send(part):
            found.extend(client.submit(step).sequence for step in part)

        threads = [threading.Thread(target=send, args=(steps[place::6],)) for place in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == len(steps)
        assert len(client.ask("orders", list[engine.OpenOrder], account=1)) == 20


class TestReading:
    def test_the_traders_port_answers_as_in_process(self, served):
        served.client().submit(served.people.buy(1, 59_000, 3))
        served.client().submit(served.people.sell(2, 59_000, 1))
        remote, trial = RemoteVenue(served.client()), served.people.sell(1, 58_000, 1)
        questions = [
            lambda venue: venue.account_of(served.people.keys[1].address),
            lambda venue: venue.balances(1),
            lambda venue: venue.positions(1),
            lambda venue: venue.mark_price(BTC),
            lambda venue: venue.depth(BTC, 5),
            lambda venue: venue.orders(1, None),
            lambda venue: venue.orders(1, BTC),
            lambda venue: venue.locks(1),
            lambda venue: venue.rebalance_offers(),
            lambda venue: venue.reservation(1),
            lambda venue: venue.waiting_of(1),
            lambda venue: venue.credited_items(),
            lambda venue: venue.is_posted(0),
            lambda venue: venue.simulate(1, trial),
            lambda venue: venue.simulate_prices(1, {BTC: 50_000 * 10**8}),
        ]
        for question in questions:
            local = served.desk.ask(lambda inner, ask=question: run(ask(LocalVenue(inner, served.clock.now))))
            assert run(question(remote)) == local
        assert remote.domain == served.domain
        assert remote.now() == served.clock.now()
        for question in (lambda venue: venue.lock(7), lambda venue: venue.waiting(7)):
            with pytest.raises(Rejected) as far:
                run(question(remote))
            with pytest.raises(Rejected) as near:
                served.desk.ask(lambda inner, ask=question: run(ask(LocalVenue(inner, served.clock.now))))
            assert far.value.reason == near.value.reason
        with pytest.raises(Rejected, match="AccountUnknown"):
            run(remote.account_of(bytes(20)))

    def test_facts_tickers_and_markets(self, served):
        client = served.client()
        facts = client.ask("facts", VenueFacts)
        assert (facts.operator, facts.genesis) == (served.signer.address, new_state().root)
        served.client().submit(served.people.buy(1, 59_000, 3))
        ticker = client.ask("ticker", Ticker, market=BTC)
        assert (ticker.mark, ticker.bid, ticker.ask) == (60_000 * 10**8, 59_000 * 10**8, None)
        assert client.ask("market", dict, market=BTC)["best_bid"]
        assert client.ask("config", Config) == new_state().config

    def test_events_since_a_sequence_number(self, served):
        client = served.client()
        since = client.ask("header", Header).sequence
        sent = [served.people.buy(1, 50_000 + number, 1) for number in range(5)]
        for step in sent:
            client.submit(step)
        told = client.ask("events", list[Told], sequence=since)
        assert [one.step for one in told] == sent
        assert [one.step for one in client.ask("events", list[Told], sequence=since + 3, most=1)] == [sent[3]]
        assert client.ask("events", list[Told], sequence=since + 5) == []

    @pytest.mark.parametrize("question", sorted(READS))
    def test_nonsense_is_refused_and_ends_nothing(self, served, question):
        for parameters in (
            {"unknown": 1},
            {"account": -1, "market": -1, "lock": -1, "waiting": -1, "batch": -1},
            {"account": "0x11", "market": "0", "levels": 0},
            {"account": 2**62},
            {"market": 2**62},
            {"market": 2**62, "levels": 5},
            {"batch": 2**62},
            {"withdrawal": 2**62, "batch": 2**62},
            {"height": 2**62},
        ):
            answer = requests.post(f"{served.public.url}/{question}", json=parameters, timeout=5)
            assert answer.status_code in (200, 409), (question, parameters, answer.text)
        assert served.client().ask("now", int) == served.clock.now()


class TestBounds:
    def test_who_finds_a_full_line_is_told_so_at_once(self, tmp_path):
        with serving(tmp_path / "log.sqlite", waiting_max=4) as venue:
            venue.fund()
            entered, leave = threading.Event(), threading.Event()

            def block(_):
                entered.set()
                leave.wait(20)

            threads = [threading.Thread(target=venue.desk.ask, args=(block,))]
            threads[0].start()
            entered.wait()
            waiting = [threading.Thread(target=venue.client().ask, args=("header", Header)) for _ in range(4)]
            for thread in waiting:
                thread.start()
            deadline = time.monotonic() + 4
            while venue.desk.waiting < 4:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            with pytest.raises(Unavailable, match="Busy"):
                venue.client().submit(venue.people.buy(1, 59_000, 1))
            leave.set()
            for thread in threads + waiting:
                thread.join()
            assert venue.client().submit(venue.people.buy(1, 59_000, 1))

    def test_a_venue_that_is_gone_is_unavailable_and_comes_back_with_everything(self, tmp_path):
        with serving(tmp_path / "log.sqlite") as venue:
            venue.fund()
            step = venue.people.buy(1, 59_000, 3)
            confirmed = venue.client().submit(step)
            client = venue.client()
            client.ask("now", int)
        with pytest.raises(Unavailable, match="NoAnswer"):
            client.submit(step)
        with serving(tmp_path / "log.sqlite") as venue:
            again = venue.client().submit(step)
            assert (again.sequence, again.signature) == (confirmed.sequence, confirmed.signature)

    def test_a_log_that_failed_is_opened_again_and_nobody_was_confirmed(self, served, monkeypatch):
        monkeypatch.setattr("exchange.serving.desk.REOPEN_SECONDS", 0.0)
        step = served.people.buy(1, 59_000, 3)
        before = served.client().ask("header", Header).sequence
        served.desk.ask(lambda inner: inner.log._connection.close())
        with pytest.raises(Unavailable):
            served.client().submit(step)
        assert served.client().ask("header", Header).sequence == before
        assert served.client().submit(step).sequence > before
        assert served.opened == 2

    def test_opening_fails_where_another_process_holds_the_log(self, served):
        desk = ThreadDesk(served.open_sequencer)
        with pytest.raises(SequencerUnavailable) as caught:
            desk.start()
        assert caught.value.reason is UnavailableReason.LOG_IN_USE


class TestRemoteSequencer:
    def test_its_state_is_the_venues_after_every_step(self, served):
        remote = served.remote()
        remote.follow()
        for number in range(5):
            remote.submit(served.people.buy(1, 50_000 + number, 1))
            assert remote.state.header == served.desk.ask(lambda inner: inner.state.header)
        served.client().submit(served.people.buy(2, 50_000, 1))
        assert remote.state.header != served.desk.ask(lambda inner: inner.state.header)
        remote.follow()
        batch = remote.next_batch()
        remote.follow()
        assert remote.state.root == batch.state_root

    def test_a_log_that_lies_is_not_followed(self, served):
        entries = served.client().ask("log", list[LogEntry], height=0)
        assert Follower(new_state).take(entries) == len(entries)
        changed = [*entries[:3], LogEntry(payload=entries[3].payload + b"\0", digest=entries[3].digest)]
        with pytest.raises(LogCorrupt):
            Follower(new_state).take(changed)
        with pytest.raises(LogCorrupt):
            Follower(new_state).take(entries[1:])

    def test_a_venue_that_lost_its_log_is_followed_from_its_beginning(self, served, tmp_path):
        remote = served.remote()
        remote.submit(served.people.buy(1, 50_000, 1))
        with serving(tmp_path / "other.sqlite") as other:
            remote._client._client.url = other.public.url
            remote.follow()
            assert remote.state.header == other.desk.ask(lambda inner: inner.state.header)

    def test_batches_are_handed_out_until_the_chain_has_them(self, served):
        remote = served.remote()
        batch = remote.next_batch()
        assert remote.next_batch() == batch
        assert remote.posted_batches == 0
        assert remote.backlog_bytes > 0
        with pytest.raises(SequencerUnavailable):
            remote.confirm_posted(0, batch.commitment())
        assert remote.posted_batches == 0
        served.posted[0] = batch.commitment()
        with pytest.raises(SequencerUnavailable):
            remote.confirm_posted(0, b"\1" * 32)
        remote.confirm_posted(0, batch.commitment())
        assert remote.posted_batches == 1
        with pytest.raises(BatchRefused):
            remote.withdrawals_in(7)

    def test_a_new_cut_is_made_when_the_venue_itself_sees_that_the_batch_is_dead(self, served):
        remote = served.remote()
        client = served.client()
        step = served.people.buy(1, 50_000, 1)
        before = client.submit(step)
        batch = remote.next_batch()
        served.clock.seconds += 1_000
        with pytest.raises(BatchRefused):
            remote.recut(batch.index, earliest=served.clock.now() - 10)
        assert remote.next_batch() == batch
        served.deaths[batch.index] = (served.clock.now() - 10, None)
        remote.recut(batch.index, earliest=served.clock.now() - 500)
        again = client.submit(step)
        assert (again.cut, again.clock) == (before.cut + 1, served.clock.now() - 10)
        assert remote.next_batch() != batch
        told = client.ask("events", list[Told], place=0)
        assert [one.recut.cut for one in told if one.recut is not None] == [1]
        remote.follow()
        assert remote.state.header.sequence == served.desk.ask(lambda inner: inner.state.header.sequence)

    def test_a_lock_that_a_new_cut_undoes_is_not_answered_from_memory(self, served):
        client, remote, clock = served.client(), served.remote(), served.clock
        digest = b"\5" * 32
        terms = {"account": 1, "payee": 2, "amount": 10**6, "hash": digest, "deadline": clock.now() + 600}
        step = sign_lock_cash(
            served.people.keys[1], served.domain, **terms, nonce=START * 1000 + 999, expiry=clock.now() + 60
        )
        client.submit(step)
        assert client.lock_of(digest, 1).amount == 10**6
        batch = remote.next_batch()
        clock.seconds += 2_000
        served.deaths[batch.index] = (clock.now() - 10, None)
        remote.recut(batch.index, earliest=0)
        assert client.lock_of(digest, 1) is None

    def test_only_the_operators_port_hands_out_batches(self, served):
        for question in served.questions.operators:
            answer = requests.post(f"{served.public.url}/{question}", json={}, timeout=5)
            assert answer.status_code == 404

    def test_withdrawals_are_proven(self, served):
        remote = served.remote()
        served.client().submit(served.people.withdraw(1, 10**6))
        batch = remote.next_batch()
        (proof,) = remote.withdrawals_in(batch.index)
        assert proof == served.desk.ask(lambda inner: inner.withdrawals_in(batch.index))[0]
        assert remote.prove_withdrawal(proof.withdrawal.id, batch.index) == proof


def test_the_operators_questions_believe_nobody_but_the_chain():
    """On a twin that believes whoever asks, the batch would be forgotten and never posted."""
    venue = Venue().ready()
    batch = venue.sequencer.next_batch()
    claim = {"index": 0, "commitment": "0x" + batch.commitment().hex()}
    address = venue.signer.address
    honest = Questions(OwnDesk(venue.sequencer), venue.clock.now, address, SimpleNamespace(is_posted=lambda *_: False))
    with pytest.raises(Unavailable, match="NotPosted"):
        honest.operators["confirm_posted"](claim)
    assert venue.sequencer.posted_batches == 0
    broken = Questions(OwnDesk(venue.sequencer), venue.clock.now, address, SimpleNamespace(is_posted=lambda *_: True))
    broken.operators["confirm_posted"](claim)
    assert venue.sequencer.posted_batches == 1
