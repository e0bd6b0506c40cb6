"""Several relayer processes over one database: they share the work, and one that dies is taken over."""

import random
import sqlite3

import pytest
from eth_account import Account

from bridge.packets import Status
from relayers.leases import LEASE_SECONDS
from relayers.packet_claims import CLAIM_SECONDS
from relayers.profit import Racing
from relayers.store import Store
from tests.relayers.test_crashes import Killed

SETTLEMENT, EAST = 100, 101
TAKEN_OVER_SECONDS = max(LEASE_SECONDS, CLAIM_SECONDS)


class Replicas:
    """Fleets of one signer over one database, each killed and started at will."""

    def __init__(self, network, database, names=("one", "two")):
        self.network, self.database = network, database
        self.fleets = {name: self.start(name) for name in names}

    def start(self, name, **options):
        return self.network.build(self.database(replica=name), **options)

    def round(self, names=None, seconds=5):
        self.network.clock.advance(seconds)
        self.network.mine()
        return {name: self.fleets[name].round() for name in names or self.fleets}

    def run(self, rounds=40, **options):
        for _ in range(rounds):
            reports = self.round(**options)
            if not any(report.did for one in reports.values() for report in one):
                return
        raise AssertionError("not settled")


def answered_once(network, sent):
    """Every packet is answered and acknowledged once, and its money is where it belongs."""
    answers = network.mailbox(SETTLEMENT).answered(0, network.settlement.head().number)
    assert sorted(answer.packet_id for answer in answers) == sorted(packet.packet_id for packet in sent)
    assert {answer.status for answer in answers} <= {Status.SUCCESS, Status.EXPIRED}
    told = network.mailbox(EAST).acknowledged(0, network.chains[EAST].head().number)
    assert len(told) == len(sent)
    assert network.queue.count() == sum(answer.status is Status.SUCCESS for answer in answers)


def test_two_replicas_deliver_everything_once(network, database):
    replicas = Replicas(network, database)
    sent = [network.deposit(EAST, amount) for amount in range(1, 5)]
    sent.append(network.deposit(EAST, 9, timeout=network.clock.now() + 20))
    network.clock.advance(30)
    replicas.run()
    answered_once(network, sent)
    assert network.token(EAST).functions.balanceOf(network.user.address).call() == 9


@pytest.mark.parametrize("passes", [3, 30, 60, 75, 90, 120])
def test_a_replica_killed_anywhere_is_taken_over_in_the_stated_time(network, database, passes):
    left = [passes]

    def die(point):
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    sent = [network.deposit(EAST, amount) for amount in (1, 2)]
    replicas = Replicas(network, database, ["two"])
    was_killed = False
    while not was_killed:
        try:
            if "one" not in replicas.fleets:
                replicas.fleets["one"] = replicas.start("one", hook=die)
            replicas.round(["one"])
        except Killed:
            was_killed = True
    network.clock.advance(TAKEN_OVER_SECONDS)
    replicas.run(names=["two"])
    answered_once(network, sent)


def test_replicas_killed_again_and_again_pay_nothing_twice(network, database):
    dice = random.Random(5)
    replicas = Replicas(network, database)
    sent, kills = [], 0

    def die(point):
        if dice.random() < 0.02:
            raise Killed

    for turn in range(30):
        if turn < 4:
            sent.append(network.deposit(EAST, turn + 1))
        network.clock.advance(5)
        network.mine()
        for name in replicas.fleets:
            try:
                replicas.fleets[name].round()
            except Killed:
                kills += 1
                replicas.fleets[name] = replicas.start(name, hook=die)
        if turn == 0:
            replicas.fleets = {name: replicas.start(name, hook=die) for name in replicas.fleets}
    replicas.fleets = {name: replicas.start(name) for name in replicas.fleets}
    network.clock.advance(TAKEN_OVER_SECONDS)
    replicas.run()
    assert kills > 3
    answered_once(network, sent)


def test_an_old_copy_of_the_database_does_no_harm(network, tmp_path):
    path, old = tmp_path / "relayer.db", tmp_path / "old.db"
    store = Store(path)
    fleet = network.build(store)
    sent = [network.deposit(EAST, 1)]
    for turn in range(12):
        network.clock.advance(5)
        network.mine()
        fleet.round()
        if turn == 2:
            copy(path, old)
        if turn == 4:
            sent.append(network.deposit(EAST, 2))
    store.close()
    fleet = network.build(Store(old))
    for _ in range(12):
        network.clock.advance(5)
        network.mine()
        fleet.round()
    answered_once(network, sent)


def copy(path, to):
    source, target = sqlite3.connect(path), sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()


def test_two_copies_at_once_with_one_key_do_no_harm(network, tmp_path):
    path, fork = tmp_path / "relayer.db", tmp_path / "fork.db"
    store = Store(path)
    fleet = network.build(store)
    sent = [network.deposit(EAST, amount) for amount in (1, 2)]
    network.clock.advance(5)
    network.mine()
    fleet.round()
    copy(path, fork)
    fleets = [fleet, network.build(Store(fork))]
    for turn in range(16):
        network.clock.advance(5)
        network.mine()
        for one in fleets:
            one.round()
        if turn == 3:
            sent.append(network.deposit(EAST, 3))
    answered_once(network, sent)


def test_relayers_that_race_waste_no_transaction(network):
    """Strangers with their own keys and databases; what one has sent, the other sees pending."""
    rival = Account.from_key("0x" + "22" * 32)
    fleets = [
        network.build(Store(), racing=Racing(rank=0, racers=2)),
        network.build(Store(), signer=rival, racing=Racing(rank=1, racers=2)),
    ]
    sent = [network.deposit(EAST, amount) for amount in range(1, 6)]
    for _ in range(16):
        network.clock.advance(5)
        network.mine()
        for fleet in fleets:
            fleet.round()
    answered_once(network, sent)
    for chain in network.chains.values():
        for number in range(1, chain.head().number + 1):
            for transaction_hash in chain.w3.eth.get_block(number)["transactions"]:
                receipt = chain.w3.eth.get_transaction_receipt(transaction_hash)
                assert receipt["status"] == 1
                called = chain.w3.eth.get_transaction(transaction_hash)["to"]
                assert called != network.deployment.chain(chain.chain_id).mailbox or receipt["logs"]
