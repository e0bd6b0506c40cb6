"""Filling a window with one's own money: what it costs in money times time, and what it hurts.

Nothing that comes in gives room, so deposits and withdrawals in a circle do fill the window. What is paid for it is
time: what is withdrawn is dead for the challenge period L, and then stands in the same line, first come first served.
Of n caps C withdrawn at once, one is paid at once and one in each window W after it: n C L + n (n - 1) C W / 2 unit
seconds. Others who withdraw a share r of what the cap allows wait no longer than k n n C W / 2 in all, k = r / (1 - r).
So at r <= 1/2, with a cap of twice what usually leaves, it costs at least what it hurts if L >= W / 2; above that,
while n <= (2 L / W - 1) / (k - 1).
"""

from collections import Counter

import pytest

from bridge.vaults import Vault
from tests.contracts.harness import OWNER, STRANGER, TRADER
from tests.contracts.vault_terms import WINDOW
from tests.contracts.vaulting import (
    acknowledged_deposit,
    commanded_house,
    drain_refunds,
    failed_deposit,
    pass_time,
    pay,
    released,
)

CAP = 1_000_000
STEPS = 12
A_BLOCK_EACH = STEPS * CAP // 2 * 2
"""Unit seconds while claims of half the cap in all wait for the block after the next."""
HONEST, CIRCLER = STRANGER.address, OWNER.address


def waited(house):
    """Unit seconds that each recipient's releases have waited for, from the events alone."""
    far = house.link.far
    vault = Vault(far, house.vault.address)
    last = far.head().number
    asked = {
        bytes(log["args"]["id"]): far.header(log["blockNumber"]).timestamp
        for log in far.logs(house.vault.events.ReleaseEntitled(), 0, last)
    }
    total = Counter()
    for payment in vault.paid(0, last):
        if payment.identifier in asked:
            passed = far.header(payment.block).timestamp - asked[payment.identifier]
            total[payment.recipient] += payment.amount * passed
    return total


def besiege(circle, *, share, twin=None):
    """Honest withdrawals of a share of the cap, twice in each window, and somebody who circles, till nobody is owed."""
    house = commanded_house(twin, token_caps=CAP)
    acknowledged_deposit(house, amount=20 * CAP)
    cost = 0
    for step in range(3 * STEPS):
        cost += circle(house, step, 1_000 + step)
        if step < STEPS:
            released(house, CAP * share // 200, recipients=[HONEST], first=step)
        pay(house)
        pass_time(house, WINDOW // 2)
        if step >= STEPS and not house.link.far.call(house.vault.functions.queued(house.token.address, False))[0]:
            break
    else:
        raise AssertionError("somebody is still owed")
    waiting = waited(house)
    return cost + waiting[CIRCLER], waiting[HONEST]


def nobody(house, step, number):
    return 0


def withdraws(house, step, number):
    """Two windows' worth at once; his own waiting is what it costs."""
    if step == 0:
        released(house, 2 * CAP, recipients=[CIRCLER], first=number)
    return 0


def has_refunds(house, step, number):
    """A deposit that fails and is refunded takes minutes and can be had again in every window."""
    if step % 2 or step >= STEPS:
        return 0
    begun = house.link.far.head().timestamp
    failed_deposit(house, amount=CAP)
    house.link.far.transact(drain_refunds(house), TRADER)
    return CAP * (house.link.far.head().timestamp - begun)


@pytest.mark.parametrize(("share", "challenge_seconds"), [(50, WINDOW // 2), (80, 7 * WINDOW)])
def test_circling_through_withdrawals_costs_what_it_hurts(share, challenge_seconds):
    _, quiet = besiege(nobody, share=share)
    assert quiet <= 2 * A_BLOCK_EACH
    waiting, hurt = besiege(withdraws, share=share)
    assert waiting < hurt, "without a challenge period it would not"
    assert 10 * quiet < hurt <= waiting + 2 * CAP * challenge_seconds


def test_circling_through_refunds_hurts_no_release():
    cost, hurt = besiege(has_refunds, share=50)
    assert cost > 0
    assert hurt <= A_BLOCK_EACH
    cost, hurt = besiege(has_refunds, share=50, twin="vault-shares-a-window")
    assert hurt > 3 * cost
