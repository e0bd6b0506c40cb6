"""Smiles come into the venue signed by enough oracles, in time, and only good ones."""

import pytest

from exchange.engine import Rejected, set_clock, try_apply
from relayers.ports import SourceSmile
from relayers.reports import Did, WaitsFor
from relayers.smile_publisher import SmileOracle, SmilePublisher
from tests.exchange.engine.conftest import ORACLES, START
from tests.exchange.engine.derivatives import BTC, CALL, DAY, FAR, NEAR, Derivatives, flat_smile


class Sink:
    """The state alone."""

    def __init__(self, venue):
        self.state = venue.state

    def submit(self, step):
        return try_apply(self.state, step)


class Source:
    """Says what a test wrote."""

    def __init__(self):
        self.smiles = {}

    def latest(self, expiry):
        return self.smiles.get(expiry)


@pytest.fixture(name="desk")
def _desk():
    return Desk()


class Desk:
    def __init__(self):
        self.venue = Derivatives(smile_staleness=600)
        self.venue.tick(50_000)
        self.sources = [Source() for _ in range(3)]
        oracles = [SmileOracle(signer=key, source=one) for key, one in zip(ORACLES, self.sources, strict=False)]
        self.publisher = SmilePublisher(Sink(self.venue), oracles)

    @property
    def state(self):
        return self.venue.state

    def say(self, expiry, smile, *, sources=None, time=None):
        said = SourceSmile(smile=smile, carry=0, time=self.state.header.clock if time is None else time)
        for source in self.sources if sources is None else sources:
            source.smiles[expiry] = said


def test_what_all_say_is_published_once(desk):
    smile = flat_smile(0.61, 7 * DAY)
    desk.say(NEAR, smile)
    report = desk.publisher.step()
    assert report.count(Did.PUBLISHED) == 1
    leaf = desk.state.expiries[NEAR]
    assert (leaf.a, leaf.b, leaf.smile_version, leaf.smile_time) == (smile.a, smile.b, 2, desk.state.header.clock)
    assert desk.publisher.step().idle


def test_oracles_that_do_not_agree_publish_nothing(desk):
    desk.say(NEAR, flat_smile(0.61, 7 * DAY), sources=desk.sources[:2])
    desk.say(NEAR, flat_smile(0.3, 7 * DAY), sources=desk.sources[2:])
    report = desk.publisher.step()
    assert not report.count(Did.PUBLISHED)
    assert [(wait.waits_for, wait.detail) for wait in report.waiting] == [(WaitsFor.PRICE, "2 of 3 oracles agree")]


def test_a_smile_that_gives_money_away_is_not_taken(desk):
    desk.say(FAR, flat_smile(0.2, 35 * DAY))
    report = desk.publisher.step()
    assert "SmileArbitrage" in report.waiting[0].detail
    assert desk.state.expiries[FAR].smile_version == 1


def test_an_old_smile_stops_options_until_a_new_one_comes(desk):
    venue = desk.venue
    venue.open_account(usd=100_000)
    for _ in range(14):
        venue.tick(50_000, 50)
    with pytest.raises(Rejected, match="StaleMark"):
        venue.do(venue.order(1, CALL, 0, 1, 0.1))
    desk.say(NEAR, flat_smile(0.6, 7 * DAY - (desk.state.header.clock - START)))
    assert desk.publisher.step().count(Did.PUBLISHED) == 1
    price = desk.state.pricing[CALL].mark // 10**8
    venue.do(venue.order(1, CALL, 0, price, 0.1))


def test_while_a_round_is_being_marked_it_waits(desk):
    set_clock(desk.state, desk.state.header.clock + 5)
    desk.venue.do(desk.venue.report(BTC, 50_000))
    desk.say(NEAR, flat_smile(0.61, 7 * DAY))
    assert "RoundOpen" in desk.publisher.step().waiting[0].detail
