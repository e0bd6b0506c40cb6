"""Both replicas die at each crash point, on PostgreSQL, and on a database that is lost or rolled back meanwhile."""

import random

import pytest
import sqlalchemy

from relayers.crash_points import CrashPoint
from relayers.store import Store
from tests.relayers.conftest import Network
from tests.relayers.test_crashes import Killed
from tests.relayers.test_replicas import EAST, TAKEN_OVER_SECONDS, answered_once

IN_STEPS = [point for point in CrashPoint if point not in {CrashPoint.KEY_ROTATION, CrashPoint.MIGRATION}]


class Pair:
    """Two replicas over one PostgreSQL, each with a crash point to die at; the dead start again when told."""

    def __init__(self, network, url):
        self.network, self.url = network, url
        self.sent, self.deaths, self.armed = [], 0, {}
        self.fleets = {name: self.start(name) for name in ("one", "two")}

    def start(self, name):
        def die(point):
            left = self.armed.get(name, {})
            if point in left:
                left[point] -= 1
                if left[point] < 0:
                    del left[point]
                    raise Killed

        self.store = Store(url=self.url, replica=name, hook=die)
        return self.network.build(self.store, hook=die)

    def send(self):
        self.sent.append(self.network.deposit(EAST, 1 + len(self.sent)))
        now = max(self.network.clock.now(), self.network.chains[EAST].head().timestamp)
        self.sent.append(self.network.deposit(EAST, 1 + len(self.sent), timeout=now + 12))

    def round(self, seconds=5):
        self.network.clock.advance(seconds)
        self.network.mine()
        did = 0
        for name in list(self.fleets):
            try:
                did += sum(report.did for report in self.fleets[name].round())
            except Killed:
                self.deaths += 1
                del self.fleets[name]
        return did

    def settle(self, rounds=40):
        """With everybody up again."""
        self.network.clock.advance(TAKEN_OVER_SECONDS)
        self.armed = {}
        self.fleets = {name: self.fleets.get(name) or self.start(name) for name in ("one", "two")}
        while self.round() or self.round():
            rounds -= 1
            assert rounds > 0, "not settled"
        answered_once(self.network, self.sent)


@pytest.fixture(scope="module", name="pair")
def _pair(postgres):
    return Pair(Network(), postgres.new_url())


@pytest.mark.parametrize("point", IN_STEPS)
def test_both_die_at_a_crash_point_and_nothing_is_lost_or_done_twice(pair, point):
    chance = random.Random(point)
    pair.send()
    pair.armed = {name: {point: chance.randrange(2)} for name in ("one", "two")}
    before = pair.deaths
    for turn in range(18):
        pair.round()
        if pair.deaths == before + 2:
            break
        if turn in {6, 12}:
            pair.send()  # the survivor has something to die at
    assert pair.deaths == before + 2, "somebody never passed it"
    pair.settle()


def test_both_die_while_keys_are_rotated(pair):
    pair.send()
    pair.round()
    for name in ("one", "two"):
        pair.armed = {name: {CrashPoint.KEY_ROTATION: 0}}
        (settlement, *_) = pair.fleets[name].submitters
        with pytest.raises(Killed):
            settlement.rotate(retire=settlement.addresses)
        pair.fleets[name] = pair.start(name)
    (settlement, *_) = pair.fleets["one"].submitters
    settlement.rotate(restore=settlement.addresses)
    pair.settle()


def test_one_dies_in_the_middle_of_a_migration_and_the_other_makes_it(postgres):
    url = postgres.new_url()

    def die(point):
        if point is CrashPoint.MIGRATION:
            raise Killed

    with pytest.raises(Killed):
        Store(url=url, replica="one", hook=die)
    assert not sqlalchemy.inspect(sqlalchemy.create_engine(url)).has_table("packets")
    assert Store(url=url, replica="two").epoch == 1


def test_the_database_disappears_in_the_middle_and_is_rebuilt(pair, postgres):
    pair.send()
    for _ in range(3):
        pair.round()
    pair.url = postgres.new_url()
    pair.fleets = {}
    pair.settle()


@pytest.mark.parametrize("rounds", [1, 3, 5])
def test_a_copy_of_the_database_from_before_does_no_harm(pair, postgres, rounds):
    pair.send()
    for _ in range(rounds):
        pair.round()
    pair.store.close()
    old = postgres.copy(pair.url)
    pair.send()
    for _ in range(6):
        pair.round()
    pair.url = old
    pair.fleets = {}
    pair.settle()
