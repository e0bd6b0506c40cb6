"""Hash locks: once, in time, by anyone, for the one payee, and never at the expense of anybody else."""

from __future__ import annotations

from hashlib import sha256

import pytest

from exchange.engine import (
    CashLocked,
    ItemKind,
    LockClaimed,
    LockRefunded,
    Reason,
    Rejected,
    StepRejected,
    apply,
    assess,
    invariants,
    lock_report,
    locks,
    locks_of,
    set_clock,
    steps,
)
from exchange.engine.invariants import InvariantError
from exchange.state import LockStatus, Side

USD = 10**6
SECRET = b"\x5e" * 32
HASH = sha256(SECRET).digest()
CLAIM, REFUND = ItemKind.SWAP_CLAIM, ItemKind.SWAP_REFUND


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def locked(venue):
    """Account 1 has locked 5,000 USD for account 2 under HASH, until `venue.deadline`."""
    venue.deadline = venue.state.header.clock + 600
    venue.do(venue.lock(1, 2, 5_000 * USD, HASH))
    return venue


def cash(venue) -> list[int]:
    return [account.cash // USD for account in venue.state.accounts.values()]


def test_cash_locked_is_cash_of_nobody(venue) -> None:
    deadline = venue.state.header.clock + 600
    (event,) = venue.do(venue.lock(1, 2, 5_000 * USD, HASH))
    assert event == CashLocked(0, 1, 2, 5_000 * USD, HASH, deadline)
    assert cash(venue) == [0, 95_000, 100_000]
    assert invariants.conservation(venue.state).locked == 5_000 * USD
    (report,) = locks_of(venue.state, 2)
    assert report == lock_report(venue.state, 0) == locks_of(venue.state, 1)[0]
    assert (report.account, report.payee, report.amount, report.status) == (1, 2, 5_000 * USD, LockStatus.OPEN)


def test_anyone_claims_for_the_payee(locked) -> None:
    assert locked.do(steps.claim_lock(0, SECRET)) == [LockClaimed(0, 2, 5_000 * USD, SECRET)]
    assert cash(locked) == [0, 95_000, 105_000]
    assert locks_of(locked.state, 1) == []
    assert reason_of(locked, steps.claim_lock(0, SECRET)) == Reason.LOCK_CLOSED
    assert reason_of(locked, steps.refund_lock(0)) == Reason.LOCK_CLOSED
    assert locked.forced(REFUND, 0, enqueued_at=locked.deadline) == [StepRejected(Reason.LOCK_CLOSED)]


@pytest.mark.parametrize("length", [0, 31, 33, 10_000])
def test_a_preimage_has_exactly_32_bytes(venue, length: int) -> None:
    odd = b"\x07" * length
    venue.do(venue.lock(1, 2, USD, sha256(odd).digest()))
    with pytest.raises(ValueError, match="exactly 32"):
        steps.claim_lock(0, odd)
    assert apply(venue.state, b"\x0b" + bytes(8) + odd) == [StepRejected(Reason.MALFORMED)]
    assert venue.forced(CLAIM, 0, odd) == [StepRejected(Reason.WRONG_PREIMAGE)]
    assert venue.state.locks[0].status == LockStatus.OPEN


def test_only_the_preimage_claims(locked) -> None:
    assert reason_of(locked, steps.claim_lock(0, HASH)) == Reason.WRONG_PREIMAGE
    assert locked.forced(CLAIM, 0, b"\x5f" * 32) == [StepRejected(Reason.WRONG_PREIMAGE)]
    assert reason_of(locked, steps.claim_lock(1, SECRET)) == Reason.LOCK_UNKNOWN
    assert locked.forced(CLAIM, 2**64, SECRET) == [StepRejected(Reason.LOCK_UNKNOWN)]
    locked.do(steps.claim_lock(0, SECRET))


# The boundary second, on each way.


@pytest.mark.parametrize(("ahead", "works"), [(-1, True), (0, False), (1, False)])
def test_a_claim_by_step_counts_before_the_deadline(locked, ahead: int, works: bool) -> None:  # noqa: FBT001
    set_clock(locked.state, locked.deadline + ahead)
    if works:
        locked.do(steps.claim_lock(0, SECRET))
    else:
        assert reason_of(locked, steps.claim_lock(0, SECRET)) == Reason.DEADLINE_PASSED


@pytest.mark.parametrize(("ahead", "works"), [(-1, True), (0, False), (1, False)])
def test_a_forced_claim_counts_by_when_it_was_enqueued(locked, ahead: int, works: bool) -> None:  # noqa: FBT001
    set_clock(locked.state, locked.deadline + 50_000)
    (event,) = locked.forced(CLAIM, 0, SECRET, enqueued_at=locked.deadline + ahead)
    assert event == (LockClaimed(0, 2, 5_000 * USD, SECRET) if works else StepRejected(Reason.DEADLINE_PASSED))


@pytest.mark.parametrize(("ahead", "works"), [(-1, False), (0, True), (1, True)])
def test_a_refund_by_step_counts_from_the_deadline(locked, ahead: int, works: bool) -> None:  # noqa: FBT001
    set_clock(locked.state, locked.deadline + ahead)
    locked.forced(CLAIM, 9, enqueued_at=locked.deadline + 5)  # the queue is read; the clock decides
    if works:
        assert locked.do(steps.refund_lock(0)) == [LockRefunded(0, 1, 5_000 * USD)]
        assert cash(locked) == [0, 100_000, 100_000]
    else:
        assert reason_of(locked, steps.refund_lock(0)) == Reason.DEADLINE_NOT_REACHED


@pytest.mark.parametrize(("ahead", "works"), [(-1, False), (0, True), (1, True)])
def test_a_forced_refund_counts_by_when_it_was_enqueued(locked, ahead: int, works: bool) -> None:  # noqa: FBT001
    (event,) = locked.forced(REFUND, 0, enqueued_at=locked.deadline + ahead)
    assert event == (LockRefunded(0, 1, 5_000 * USD) if works else StepRejected(Reason.DEADLINE_NOT_REACHED))


# The race: the payee enqueued in time, the sequencer is slow, the locker is quick.


def race(venue) -> list[int]:
    """A forced claim enters a second before the deadline, others before it; the locker refunds by step meanwhile."""
    set_clock(venue.state, venue.deadline + 30 * 86_400)
    venue.forced(CLAIM, 9, enqueued_at=venue.deadline - 2)
    apply(venue.state, steps.refund_lock(0))
    venue.forced(CLAIM, 0, SECRET, enqueued_at=venue.deadline - 1)
    return cash(venue)


def test_a_claim_that_waits_in_the_queue_beats_a_refund_by_step(locked) -> None:
    assert race(locked) == [0, 95_000, 105_000]


def test_without_the_queues_time_the_same_refund_robs_the_payee(locked, monkeypatch) -> None:
    monkeypatch.setattr(locks, "require_queue_read", lambda _state, _time: None)
    assert race(locked) == [0, 100_000, 100_000]


def test_a_refund_by_step_waits_until_the_queue_is_read_up_to_the_deadline(locked) -> None:
    set_clock(locked.state, locked.deadline + 1)
    assert reason_of(locked, steps.refund_lock(0)) == Reason.QUEUE_MAY_HOLD_ITEMS
    locked.forced(CLAIM, 9, enqueued_at=locked.deadline - 1)
    assert reason_of(locked, steps.refund_lock(0)) == Reason.QUEUE_MAY_HOLD_ITEMS
    locked.forced(CLAIM, 9, enqueued_at=locked.deadline)
    locked.do(steps.refund_lock(0))


def test_any_deposit_moves_the_queues_time(locked) -> None:
    set_clock(locked.state, locked.deadline)
    locked.deposit(2, 0, 1)
    locked.do(steps.refund_lock(0))
    assert locked.state.header.queue_time == locked.deadline


# Who may lock what.


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"payee": 0}, Reason.INVALID_PAYEE),
        ({"payee": 1}, Reason.INVALID_PAYEE),
        ({"payee": 3}, Reason.INVALID_PAYEE),
        ({"amount": 0}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": 2**96}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": 100_000 * USD + 1}, Reason.INSUFFICIENT_BALANCE),
        ({"digest": bytes(32)}, Reason.INVALID_HASH),
        ({"seconds": 59}, Reason.DEADLINE_OUT_OF_RANGE),
        ({"seconds": 30 * 86_400 + 1}, Reason.DEADLINE_OUT_OF_RANGE),
        ({"deadline": 0}, Reason.DEADLINE_OUT_OF_RANGE),
        ({"deadline": 2**64 - 1}, Reason.DEADLINE_OUT_OF_RANGE),
    ],
)
def test_refused_locks(venue, change: dict[str, object], reason: Reason) -> None:
    terms = {"account": 1, "payee": 2, "amount": 100_000 * USD, "digest": HASH, "seconds": 60}
    assert reason_of(venue, venue.lock(**{**terms, **change})) == reason
    assert venue.state.header.hash_count == 1
    venue.do(venue.lock(**terms))
    venue.deposit(1, 0, USD)
    venue.do(venue.lock(1, 2, USD, sha256(HASH).digest(), 30 * 86_400))


def test_a_lock_needs_the_owners_signature_once(venue) -> None:
    assert reason_of(venue, venue.lock(1, 2, USD, HASH, key=venue.signers[2])) == Reason.BAD_SIGNATURE
    step = venue.lock(1, 2, USD, HASH)
    for at in (9, 14, 30, 62):  # payee, amount, hash, deadline
        forged = bytearray(step)
        forged[at] ^= 1
        assert reason_of(venue, bytes(forged)) == Reason.BAD_SIGNATURE
    venue.do(step)
    assert reason_of(venue, step) == Reason.NONCE_USED


def test_the_insurance_fund_locks_nothing(venue) -> None:
    venue.deposit(0, 0, USD)
    assert reason_of(venue, venue.lock(0, 1, USD, HASH)) == Reason.INSURANCE_MAY_NOT_TRADE


def test_only_what_could_be_withdrawn_can_be_locked(venue) -> None:
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    free = assess(venue.state, 2).withdrawable
    assert reason_of(venue, venue.lock(2, 1, free + 1, HASH)) == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.lock(2, 1, free, HASH))
    set_clock(venue.state, venue.state.header.clock + 61)
    assert reason_of(venue, venue.lock(1, 2, 1, sha256(HASH).digest())) == Reason.STALE_MARK


def test_an_empty_vault_is_no_obstacle(venue) -> None:
    venue.do(venue.withdraw(2, 0, 100_000 * USD))
    venue.do(venue.withdraw(1, 0, 1 * USD))
    venue.do(venue.lock(1, 2, 99_999 * USD, HASH))
    venue.do(steps.claim_lock(0, SECRET))


# A hash is used once: by its locker, and by everybody once it was revealed.


def test_a_locker_uses_a_hash_once_whatever_came_of_it(locked) -> None:
    assert reason_of(locked, locked.lock(1, 2, USD, HASH)) == Reason.HASH_USED
    set_clock(locked.state, locked.deadline)
    locked.forced(REFUND, 0)
    assert reason_of(locked, locked.lock(1, 2, USD, HASH)) == Reason.HASH_USED


def test_nobody_locks_under_a_hash_that_was_revealed(locked) -> None:
    third = locked.open_account(usd=100)
    locked.do(steps.claim_lock(0, SECRET))
    for account, payee in ((1, 2), (2, 1), (third, 1)):
        assert reason_of(locked, locked.lock(account, payee, USD, HASH)) == Reason.HASH_USED


def test_a_strangers_lock_under_a_hash_does_not_stop_the_swap(venue) -> None:
    """The griefing that a rule of one lock per hash would allow: one millionth of a dollar stops any swap."""
    stranger = venue.open_account(usd=1)
    venue.do(venue.lock(stranger, 2, 1, HASH))
    venue.do(venue.lock(1, 2, 5_000 * USD, HASH))
    venue.do(steps.claim_lock(1, SECRET))
    venue.do(steps.claim_lock(0, SECRET))
    assert venue.state.header.hash_count == 1 + 2 + 1


def test_without_the_list_a_used_hash_costs_its_locker_everything(locked, monkeypatch) -> None:
    locked.do(steps.claim_lock(0, SECRET))
    monkeypatch.setattr(locks, "use_key", lambda _digest, _account: bytes(35))
    before = cash(locked)
    apply(locked.state, locked.lock(1, 2, 5_000 * USD, HASH))
    apply(locked.state, steps.claim_lock(1, SECRET))
    assert (cash(locked)[1], cash(locked)[2]) == (before[1] - 5_000, before[2] + 5_000)


# Locks stand apart from everything else.


def test_a_lock_survives_cancel_all_and_liquidation_of_its_locker(venue) -> None:
    venue.do(venue.lock(2, 1, 80_000 * USD, HASH))
    venue.sell(1, 50_000, 3)
    venue.buy(2, 50_000, 3)
    venue.do(venue.cancel_all(2))
    equity = assess(venue.state, 2).equity
    venue.price(btc=44_000)
    assert assess(venue.state, 2).equity == equity - 18_000 * USD
    assert assess(venue.state, 2).is_liquidatable
    third = venue.open_account(usd=200_000)
    venue.buy(third, 43_900, 3)
    venue.do(steps.liquidate(2, 0))
    assert venue.state.locks[0].status == LockStatus.OPEN
    before = venue.state.accounts[1].cash
    venue.do(steps.claim_lock(0, SECRET))
    assert venue.state.accounts[1].cash == before + 80_000 * USD


def test_a_refund_goes_to_the_account_whatever_became_of_it(venue) -> None:
    venue.do(venue.lock(1, 2, 100_000 * USD, HASH))
    assert assess(venue.state, 1).withdrawable == 0
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 0.001)) == Reason.INSUFFICIENT_MARGIN
    venue.forced(REFUND, 0, enqueued_at=venue.state.header.clock + 600)
    venue.do(venue.order(1, 0, Side.BID, 49_000, 0.001))


def test_the_same_locks_give_the_same_root_after_a_revert(locked) -> None:
    state = locked.state
    state.commit()
    number = state.commit_number
    taken = [
        locked.lock(2, 1, USD, sha256(b"other").digest()),
        locked.lock(2, 1, USD, HASH),
        steps.claim_lock(0, SECRET),
    ]
    for step in taken:
        locked.do(step)
    root = state.commit()
    bodies = [use.encode() for use in state.hash_uses]
    state.revert_to(number)
    invariants.check(state)
    assert (len(state.locks), state.locks[0].status, len(state.hash_uses)) == (1, LockStatus.OPEN, 2)
    for step in taken:
        locked.do(step)
    assert (state.commit(), [use.encode() for use in state.hash_uses]) == (root, bodies)


def test_the_locks_tree_can_be_full(venue, monkeypatch) -> None:
    monkeypatch.setattr("exchange.engine.locks.LOCK_LIMIT", 1)
    venue.do(venue.lock(1, 2, USD, HASH))
    assert reason_of(venue, venue.lock(1, 2, USD, sha256(HASH).digest())) == Reason.LOCKS_EXHAUSTED


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state: setattr(state.locks[0], "amount", 1), "cash: owed"),
        (lambda state: setattr(state.locks[0], "hash", bytes(32)), "not those of the locks"),
        (lambda state: setattr(state.locks[0], "status", LockStatus.CLAIMED), "cash: owed"),
        (lambda state: setattr(state.hash_uses[0], "next", 0), "does not hold all"),
        (lambda state: setattr(state.hash_uses[1], "account", 2), "index of used hashes"),
        (lambda state: setattr(state.header, "lock_count", 0), "locks differ"),
        (lambda state: setattr(state.header, "hash_count", 0), "used hashes differ"),
    ],
)
def test_damage_is_seen(locked, damage, message: str) -> None:
    invariants.check(locked.state)
    damage(locked.state)
    with pytest.raises(InvariantError, match=message):
        invariants.check(locked.state)
