"""Daemons are killed between every two effects and started again on their database, or on none."""

import random

import pytest

from bridge.packets import Status
from bridge.parameters import USDC
from relayers.crash_points import CrashPoint
from relayers.reports import Did
from relayers.states import PacketState

SETTLEMENT, EAST = 100, 101
CRASH_POINTS_PASSED = 222
"""By a run that nobody disturbs."""


class Killed(BaseException):
    """Not an Exception: nothing in a daemon may catch its own death."""


class Killer:
    """Raises when so many crash points have been passed, once."""

    def __init__(self, passes):
        self.left, self.hit = passes, False

    def __call__(self, point):
        self.left -= 1
        if self.left < 0 and not self.hit:
            self.hit = True
            raise Killed


class Madman:
    """Raises at every tenth crash point or so, for ever."""

    def __init__(self, seed):
        self.random, self.kills = random.Random(seed), 0

    def __call__(self, point):
        if self.random.random() < 0.1:
            self.kills += 1
            raise Killed


TOO_MUCH = USDC.credit_window_cap * 10**USDC.decimals + 1
"""More than a chain is credited in a window, so it is refused."""


def prepare(network):
    """One deposit that goes through, one that expires, one that fails."""
    good = network.deposit(EAST, 1_000)
    late = network.deposit(EAST, 2_000, timeout=network.clock.now() + 40)
    network.deposit(EAST, TOO_MUCH)
    network.clock.advance(100)
    return good, late


def survive(network, killer, rounds=20):
    """Rounds until nothing is done, starting the daemons anew whenever one dies; returns how often."""
    is_up = False
    for _ in range(rounds):
        try:
            if not is_up:
                network.start(killer)
                is_up = True
            reports = network.round()
        except Killed:
            is_up = False
            continue
        if not any(report.did for report in reports):
            return
    raise AssertionError("not settled")


def check(network, good, late):
    statuses = {
        answer.packet_id: answer.status
        for answer in network.mailbox(SETTLEMENT).answered(0, network.settlement.head().number)
    }
    assert len(statuses) == 3
    assert (statuses[good.packet_id], statuses[late.packet_id]) == (Status.SUCCESS, Status.EXPIRED)
    assert network.queue.count() == 1
    assert network.token(EAST).functions.balanceOf(network.user.address).call() == 2_000 + TOO_MUCH
    assert network.vault(EAST).holdings(network.token(EAST).address) == 1_000
    packets = network.relayer(EAST, SETTLEMENT).packets
    assert len(packets.in_states([PacketState.ACKNOWLEDGED])) == 3
    acknowledged = network.mailbox(EAST).acknowledged(0, network.chains[EAST].head().number)
    assert len(acknowledged) == 3


def kill_once(network, passes):
    killer = Killer(passes)
    deposits = prepare(network)
    survive(network, killer)
    assert killer.hit, f"fewer than {passes + 1} crash points are passed"
    check(network, *deposits)


@pytest.mark.parametrize("passes", range(0, CRASH_POINTS_PASSED, 17))
def test_a_kill_loses_and_repeats_nothing(make_network, tmp_path, passes):
    kill_once(make_network(database=tmp_path / "relayers.db"), passes)


@pytest.mark.parametrize("state", [PacketState.DELIVERING, PacketState.EXPIRING, PacketState.ACKNOWLEDGING])
def test_an_intention_that_was_never_carried_out_is_taken_up_again(make_network, tmp_path, state):
    network = make_network(database=tmp_path / "relayers.db")
    deposits = prepare(network)
    intended = []

    def kill(point):
        rows = network.relayer(EAST, SETTLEMENT).packets.in_states([state])
        if point is CrashPoint.AFTER_PERSIST and rows and not intended:
            intended.extend(rows)
            raise Killed

    survive(network, kill)
    assert intended
    check(network, *deposits)


@pytest.mark.slow
@pytest.mark.parametrize("passes", range(CRASH_POINTS_PASSED))
def test_a_kill_anywhere_loses_and_repeats_nothing(make_network, tmp_path, passes):
    kill_once(make_network(database=tmp_path / "relayers.db"), passes)


def test_being_killed_again_and_again_loses_and_repeats_nothing(make_network, tmp_path):
    network = make_network(database=tmp_path / "relayers.db")
    madman = Madman(seed=1)
    deposits = prepare(network)
    survive(network, madman, rounds=150)
    assert madman.kills > 5
    check(network, *deposits)


def test_every_crash_point_is_passed(make_network, tmp_path):
    network = make_network(database=tmp_path / "relayers.db")
    passed = []
    prepare(network)
    network.start(passed.append)
    network.run()
    assert set(passed) == set(CrashPoint) - {CrashPoint.KEY_ROTATION, CrashPoint.MIGRATION}
    assert len(passed) == CRASH_POINTS_PASSED


def test_a_lost_database_is_rebuilt_from_the_chains(make_network, tmp_path):
    network = make_network(database=tmp_path / "first.db")
    deposits = prepare(network)
    network.run()
    network.database = tmp_path / "second.db"
    network.start()
    reports = network.run()
    check(network, *deposits)
    done = {action.did for round_ in reports for report in round_ for action in report.actions}
    assert done <= {Did.SEEN, Did.ANSWERED, Did.ACKNOWLEDGED, Did.PAID, Did.CLIENT_UPDATED}


def test_a_database_lost_half_way_costs_nothing(make_network, tmp_path):
    network = make_network(database=tmp_path / "first.db")
    deposits = prepare(network)
    for number in range(4):
        network.round()
        network.database = tmp_path / f"{number}.db"
        network.start()
    network.run()
    check(network, *deposits)
