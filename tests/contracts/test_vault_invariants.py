"""A vault under anything in any order: outflow in any window, order of payment, conservation, nobody loses."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.packets import packet_id
from bridge.vaults import Vault
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
AMOUNTS = st.integers(min_value=1, max_value=15_000)


class VaultMachine(RuleBasedStateMachine):
    """Deposits that succeed or fail, releases, drains, redirects, pauses and time; beside it a model of integers."""

    @initialize(stock=st.sampled_from([0, 10_000, 60_000]))
    def open(self, stock):
        self.house = commanded_house(token_caps=CAPS)
        far = self.house.link.far
        self.reader = Vault(far, self.house.vault.address)
        self.number = 0
        self.inflow = self.released = 0
        self.owed = {}
        self.redirected = set()
        if stock:
            self.deposits(stock, fails=False)

    @property
    def far(self):
        return self.house.link.far

    def paused(self):
        return read(self.house, "isPaused")

    @precondition(lambda self: not self.paused())
    @rule(amount=AMOUNTS, fails=st.booleans())
    def deposits(self, amount, fails):
        """The money is there; the exchange takes it or it expires."""
        timeout = self.house.link.clock.now() + 60 if fails else 0
        packet = deposit(self.house, amount=amount, timeout=timeout)
        self.inflow += amount
        if fails:
            self.house.link.until(packet.timeout_timestamp, self.house.link.near)
            self.house.link.acknowledge(*self.house.link.expire(packet))
            self.owed[packet_id(packet)] = (True, amount)
        else:
            self.house.link.acknowledge(*self.house.link.deliver(packet))

    @rule(amount=AMOUNTS, person=st.sampled_from([OWNER.address, STRANGER.address]), drained=st.booleans())
    def releases(self, amount, person, drained):
        """Of anything, whether it is there or not."""
        self.number += 1
        (packet,) = released(self.house, amount, recipients=[person], first=self.number)
        self.owed[packet_id(packet)] = (False, amount)
        if drained and not self.paused():
            self.drains(4)

    @precondition(lambda self: not self.paused())
    @rule(maximum=st.integers(min_value=1, max_value=4))
    def drains(self, maximum):
        self.far.transact(drain(self.house, maximum=maximum), RELAYER, gas=8_000_000)

    @precondition(lambda self: not self.paused())
    @rule()
    def refunds(self):
        self.far.transact(drain_refunds(self.house), RELAYER, gas=8_000_000)

    @precondition(lambda self: not self.paused() and self.owed)
    @rule(choice=st.integers(min_value=0, max_value=99), fails=st.booleans())
    def redirects(self, choice, fails):
        """Some claim that waits goes back to the exchange, or comes back from it."""
        waiting = [key for key, (is_refund, _) in self.owed.items() if not is_refund and self.reader.entitlement(key)]
        if not waiting:
            return
        key = waiting[choice % len(waiting)]
        owed = self.reader.entitlement(key)
        sender = OWNER if owed.recipient == OWNER.address else STRANGER
        timeout = self.house.link.clock.now() + 60 if fails else 0
        call = self.house.vault.functions.redirect(key, TRADER.address, timeout)
        (packet,) = self.house.link.sent(self.far, self.far.transact(call, sender))
        if fails:
            self.house.link.until(packet.timeout_timestamp, self.house.link.near)
            self.house.link.acknowledge(*self.house.link.expire(packet))
        else:
            self.house.link.acknowledge(*self.house.link.deliver(packet))
            self.redirected.add(key)

    @rule(seconds=st.sampled_from([60, WINDOW // 3, WINDOW]))
    def waits(self, seconds):
        pass_time(self.house, seconds)

    @precondition(lambda self: not self.paused() and read(self.house, "pauseBudget") >= LONGEST_PAUSE)
    @rule()
    def pauses(self):
        self.far.transact(self.house.vault.functions.pause(LONGEST_PAUSE), GUARDIAN)

    @invariant()
    def holds(self):
        if not hasattr(self, "house"):
            return
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


QUICK = settings(
    max_examples=4,
    stateful_step_count=18,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=60, stateful_step_count=40, derandomize=False)

TestVault = pytest.mark.filterwarnings("ignore")(VaultMachine.TestCase)
TestVault.settings = QUICK


@pytest.mark.slow
class TestVaultForLong(VaultMachine.TestCase):
    settings = LONG
