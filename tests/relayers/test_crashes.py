"""Daemons are killed between every two effects and started again on their database, or on none."""

import pytest

from bridge.packets import Status
from relayers.crash_points import CrashPoint
from relayers.reports import Did
from relayers.states import PacketState

SETTLEMENT, EAST = 100, 101


class Killed(BaseException):
    """Not an Exception: nothing in a daemon may catch its own death."""


class Killer:
    """Raises at the given occurrence of a crash point, once."""

    def __init__(self, point, occurrence):
        self.point, self.left, self.hit = point, occurrence, False

    def __call__(self, point):
        if point is self.point and not self.hit:
            self.left -= 1
            if self.left < 0:
                self.hit = True
                raise Killed


def prepare(network):
    """One deposit that goes through, one that expires, one that fails."""
    good = network.deposit(EAST, 1_000)
    late = network.deposit(EAST, 2_000, timeout=network.clock.now() + 40)
    vault, chain = network.vault(EAST), network.chains[EAST]
    other = chain.deploy("TestToken", ["Other", "OTH", 18], network.user)
    chain.transact(other.functions.mint(network.user.address, 77), network.user)
    chain.transact(other.functions.approve(vault.address, 77), network.user)
    chain.transact(vault.contract.functions.deposit(other.address, 77, network.user.address, 0), network.user)
    network.clock.advance(100)
    return good, late, other


def survive(network, killer):
    """Rounds until nothing is done, starting the daemons anew whenever one dies; returns how often."""
    network.start(killer)
    for _ in range(20):
        try:
            reports = network.round()
        except Killed:
            network.start(killer)
            continue
        if not any(report.did for report in reports):
            return
    raise AssertionError("not settled")


def check(network, good, late, other):
    statuses = {
        answer.packet_id: answer.status
        for answer in network.mailbox(SETTLEMENT).answered(0, network.settlement.head().number)
    }
    assert len(statuses) == 3
    assert (statuses[good.packet_id], statuses[late.packet_id]) == (Status.SUCCESS, Status.EXPIRED)
    assert network.queue.count() == 1
    assert network.token(EAST).functions.balanceOf(network.user.address).call() == 2_000
    assert other.functions.balanceOf(network.user.address).call() == 77
    assert network.vault(EAST).holdings(network.token(EAST).address) == 1_000
    packets = network.relayer(EAST, SETTLEMENT).packets
    assert len(packets.in_states([PacketState.ACKNOWLEDGED])) == 3
    acknowledged = network.mailbox(EAST).acknowledged(0, network.chains[EAST].head().number)
    assert len(acknowledged) == 3


@pytest.mark.parametrize("occurrence", range(8))
@pytest.mark.parametrize("point", list(CrashPoint))
def test_a_kill_at_any_point_loses_and_repeats_nothing(make_network, tmp_path, point, occurrence):
    network = make_network(database=tmp_path / "relayers.db")
    killer = Killer(point, occurrence)
    deposits = prepare(network)
    survive(network, killer)
    if not killer.hit:
        pytest.skip(f"{point} is passed fewer than {occurrence + 1} times")
    check(network, *deposits)


def test_every_crash_point_is_passed(make_network, tmp_path):
    network = make_network(database=tmp_path / "relayers.db")
    passed = set()
    prepare(network)
    network.start(passed.add)
    network.run()
    assert passed == set(CrashPoint)


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
