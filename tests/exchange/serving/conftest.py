"""A venue behind HTTP, its sequencer in a thread of its own, over the small real venue of the sequencer's tests."""

from contextlib import contextmanager

import pytest

from exchange.sdk.venue_client import VenueClient
from exchange.sequencer import OperatorKey, Sequencer, SqliteLog
from exchange.serving.desk import ThreadDesk
from exchange.serving.follower import Follower
from exchange.serving.questions import Questions, serve
from exchange.serving.remote import RemoteSequencer
from tests.exchange.sequencer.venue import OPERATOR_KEY, TestClock, Venue, new_state


class ServedVenue:
    """Two servers over one sequencer, and everybody's client. `posted` is what the settlement chain has."""

    def __init__(self, log, **options):
        self.people = Venue()  # its own sequencer is not used: keys and nonces are
        self.clock, self.domain, self.log = TestClock(), self.people.domain, log
        self.signer = OperatorKey(OPERATOR_KEY, self.domain)
        self.posted, self.deaths, self.opened = {}, {}, 0
        self.desk = ThreadDesk(self.open_sequencer, **options)
        self.desk.start()
        self.questions = Questions(self.desk, self.clock.now, self.signer.address, self)
        self.public = serve(self.questions.public).start()
        self.operators = serve(self.questions.operators).start()

    def is_posted(self, index, commitment):
        return self.posted.get(index) == commitment

    def death_of(self, batch):
        return self.deaths.get(batch.index)

    def open_sequencer(self):
        self.opened += 1
        state = new_state()
        return Sequencer(state, SqliteLog(self.log, state.root), self.signer, self.clock)

    def client(self, **options):
        return VenueClient(self.public.url, self.domain, clock=self.clock.now, **options)

    def remote(self):
        operators = VenueClient(self.operators.url, self.domain)
        return RemoteSequencer(self.client(), operators=operators, follower=Follower(new_state))

    def fund(self):
        """Everybody has cash, and both markets a mark."""
        self.desk.ask(lambda inner: inner.take_forced(0, self.people.deposits()))
        for step in self.people.prices():
            self.desk.submit(step)
        return self

    def close(self):
        self.public.stop()
        self.operators.stop()
        self.desk.stop()


@contextmanager
def serving(log, **options):
    venue = ServedVenue(log, **options)
    try:
        yield venue
    finally:
        venue.close()


@pytest.fixture
def served(tmp_path):
    with serving(tmp_path / "log.sqlite") as venue:
        yield venue.fund()
