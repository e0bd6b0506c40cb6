"""A vault under anything in any order: outflow in any window, order of payment, conservation, nobody loses.

A walk is drawn from its seed; a model of plain integers stands beside the vault and is compared after every step.
"""

from random import Random

import pytest

from bridge.packets import packet_id
from bridge.vaults import Vault
from chains.errors import TransactionReverted
from tests.contracts.harness import GUARDIAN, OWNER, RELAYER, STRANGER, TRADER
from tests.contracts.vault_terms import LONGEST_PAUSE, WINDOW
from tests.contracts.vaulting import (
    commanded_house,
    deposit,
    drain,
    drain_refunds,
    pass_time,
    read,
    released,
)

CAPS = (10_000, 6_000)
LARGEST = 15_000
STEPS = 40


class Walk:
    """Deposits that succeed or fail, releases, drains, refunds, redirects, pauses and time."""

    def __init__(self, seed, twin=None):
        self.random = Random(seed)
        self.house = commanded_house(twin, token_caps=CAPS)
        self.reader = Vault(self.far, self.house.vault.address)
        self.number = self.inflow = 0
        self.owed = {}
        self.redirected = set()
        self.moves = {
            self.deposits: 3,
            self.releases: 5,
            self.drains: 6,
            self.refunds: 2,
            self.redirects: 4,
            self.waits: 2,
            self.pauses: 0.5,
        }

    @property
    def far(self):
        return self.house.link.far

    def go(self, steps):
        for _ in range(steps):
            (move,) = self.random.choices([*self.moves], [*self.moves.values()])
            if move != self.releases and read(self.house, "isPaused"):
                move = self.waits
            move()
            self.check()

    def fate_of(self, packet, fails):
        """The exchange takes it, or it runs out of time; either way the vault is told."""
        if fails:
            self.house.link.until(packet.timeout_timestamp, self.house.link.near)
            self.house.link.acknowledge(*self.house.link.expire(packet))
        else:
            self.house.link.acknowledge(*self.house.link.deliver(packet))

    def timeout(self, fails):
        return self.house.link.clock.now() + 60 if fails else 0

    def deposits(self):
        amount, fails = self.random.randint(1, LARGEST), self.random.random() < 0.4
        packet = deposit(self.house, amount=amount, timeout=self.timeout(fails))
        self.inflow += amount
        if fails:
            self.owed[packet_id(packet)] = (True, amount)
        self.fate_of(packet, fails)

    def releases(self):
        """Of anything, whether it is there or not."""
        amount, person = self.random.randint(1, LARGEST), self.random.choice([OWNER, STRANGER])
        (packet,) = released(self.house, amount, recipients=[person.address], first=self.number)
        self.number += 1
        self.owed[packet_id(packet)] = (False, amount)

    def drains(self):
        self.far.transact(drain(self.house, maximum=self.random.randint(1, 4)), RELAYER, gas=8_000_000)

    def refunds(self):
        self.far.transact(drain_refunds(self.house), RELAYER, gas=8_000_000)

    def redirects(self):
        """Some claim that waits goes back to the exchange, and perhaps comes back from it."""
        waiting = [key for key, (is_refund, _) in self.owed.items() if not is_refund and self.reader.entitlement(key)]
        if not waiting:
            return
        key, fails = self.random.choice(waiting), self.random.random() < 0.5
        sender = OWNER if self.reader.entitlement(key).recipient == OWNER.address else STRANGER
        call = self.house.vault.functions.redirect(key, TRADER.address, self.timeout(fails))
        (packet,) = self.house.link.sent(self.far, self.far.transact(call, sender))
        self.fate_of(packet, fails)
        if not fails:
            self.redirected.add(key)

    def waits(self):
        pass_time(self.house, self.random.choice([60, WINDOW // 3, WINDOW]))

    def pauses(self):
        if read(self.house, "pauseBudget") >= LONGEST_PAUSE:
            self.far.transact(self.house.vault.functions.pause(LONGEST_PAUSE), GUARDIAN)

    def check(self):
        payments = self.reader.paid(0, self.far.head().number)
        self.check_windows(payments)
        self.check_order(payments)
        self.check_books(payments)

    def check_windows(self, payments):
        """Outflow by each way out in any half-open window of WINDOW seconds."""
        for is_refund, cap in ((False, CAPS[0]), (True, CAPS[1])):
            flow = [
                (self.far.header(row.block).timestamp, row.amount)
                for row in payments
                if self.owed[row.identifier][0] is is_refund
            ]
            for end, _ in flow:
                assert sum(amount for time, amount in flow if end - WINDOW < time <= end) <= cap

    def check_order(self, payments):
        """Nobody is paid while somebody before him waits, but who left the line."""
        for is_refund in (False, True):
            line = [key for key, (kind, _) in self.owed.items() if kind is is_refund]
            places = [line.index(row.identifier) for row in payments if self.owed[row.identifier][0] is is_refund]
            assert places == sorted(places), (line, places)
            for place in set(places[:-1]) - {places[-1]} if places else ():
                assert self.reader.entitlement(line[place]) is None

    def check_books(self, payments):
        """What came in is there or was paid; every claim is paid, waiting or redirected, to the last unit."""
        token = self.house.token
        holdings, reserved = read(self.house, "holdings", token.address), read(self.house, "reserved", token.address)
        assert holdings == self.inflow - sum(row.amount for row in payments)
        assert self.far.call(token.functions.balanceOf(self.house.vault.address)) == holdings
        unpaid_refunds = 0
        for key, (is_refund, amount) in self.owed.items():
            paid = sum(row.amount for row in payments if row.identifier == key)
            owed = self.reader.entitlement(key)
            left = owed.amount if owed else 0
            unpaid_refunds += left if is_refund else 0
            if key in self.redirected:
                assert left == 0
            else:
                assert paid + left == amount
        assert reserved == unpaid_refunds
        for refunds in (False, True):
            _, queued = read(self.house, "queued", token.address, refunds)
            kinds = (key for key, (kind, _) in self.owed.items() if kind is refunds)
            waiting = [owed.amount for key in kinds if (owed := self.reader.entitlement(key))]
            assert queued == sum(waiting)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_windows_order_and_books_hold(seed):
    Walk(seed).go(STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_whatever_happens_for_long_windows_order_and_books_hold(seed):
    Walk(seed).go(4 * STEPS)


@pytest.mark.parametrize(
    "twin",
    [
        "vault-forgets-outflow",
        "vault-loses-the-waiting",
        "vault-loses-refused-redirect",
        "vault-pays-twice",
        "vault-redirect-keeps-claim",
    ],
)
def test_a_walk_notices_what_is_broken(twin):
    for seed in range(4):
        try:
            Walk(seed, twin).go(STEPS)
        except (AssertionError, TransactionReverted):
            return
    raise AssertionError(f"no walk noticed {twin}")
