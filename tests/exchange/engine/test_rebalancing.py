"""Waiting for a short vault, and bringing what is short: nobody overtakes, nothing is made, no rebate is free."""

from __future__ import annotations

import pytest

from exchange.engine import (
    QueueLeft,
    Reason,
    Rebalanced,
    RebalanceReserved,
    Rejected,
    ReservationLapsed,
    StepRejected,
    WithdrawalQueued,
    WithdrawalWaiting,
    apply,
    invariants,
    rebalance_offers,
    set_clock,
    steps,
)
from exchange.engine.invariants import InvariantError
from exchange.state import ReservationStatus

USD = 10**6
USDC_A, USDC_B, WETH = 0, 1, 2
RAMP, WINDOW = 3_600, 7_200
NET = 60_000 * USD - 60 * USD
"""What leaves of 60,000 USD that wait: a thousandth goes to the pool."""


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def later(venue, seconds: int) -> None:
    set_clock(venue.state, venue.state.header.clock + seconds)


def wealth(venue, account: int) -> int:
    """Cash of an account and what has left or will leave in its name."""
    state = venue.state
    waiting = sum(entry.amount for entry in state.waiting if entry.account == account)
    gone = sum(row.amount for row in state.withdrawals if row.account == account)
    return state.accounts[account].cash + waiting + gone


@pytest.fixture
def short(venue):
    """Account 1 waits for 60,000 USD on chain B, where nothing is; account 3 has 10,000 USD and could bring it."""
    venue.open_account(usd=10_000)
    venue.do(venue.queue(1, USDC_B, 60_000 * USD))
    return venue


def sums(venue) -> tuple[int, int]:
    found = invariants.check(venue.state)
    return found.waiting, found.reserved


# Waiting


def test_a_withdrawal_from_a_short_vault_waits(venue) -> None:
    assert reason_of(venue, venue.withdraw(1, USDC_B, 60_000 * USD)) == Reason.INSUFFICIENT_INVENTORY
    (event,) = venue.do(venue.queue(1, USDC_B, 60_000 * USD))
    assert event == WithdrawalWaiting(0, 1, USDC_B, NET, 60 * USD, b"\x77" * 20)
    assert venue.state.accounts[1].cash == 40_000 * USD
    assert sums(venue) == (60_000 * USD, 0)
    assert venue.state.withdrawals == []


def test_a_deposit_serves_who_waits_in_order_and_whole(venue) -> None:
    venue.do(venue.queue(1, USDC_B, 60_000 * USD))
    venue.do(venue.queue(2, USDC_B, 20 * USD))
    third = venue.open_account(usd=10)
    assert len(venue.deposit(third, USDC_B, 50_000 * USD)) == 1, "the second may not overtake the first"
    events = venue.deposit(third, USDC_B, 10_000 * USD)
    assert [(event.account, event.amount) for event in events[1:]] == [(1, NET), (2, 20 * USD - 20_000)]
    assert all(type(event) is WithdrawalQueued for event in events[1:])
    assert venue.state.assets[USDC_B].inventory == 60 * USD - 20 * USD + 20_000
    assert venue.state.accounts[0].cash == 60 * USD + 20_000, "nobody waits any more: the pool is the fund's"
    assert sums(venue) == (0, 0)
    assert [entry.withdrawal for entry in venue.state.waiting] == [1, 2]


def test_nothing_overtakes_a_queue(short) -> None:
    short.deposit(3, USDC_B, 50_000 * USD)
    assert reason_of(short, short.withdraw(2, USDC_B, 1)) == Reason.WITHDRAWALS_QUEUED
    short.do(short.withdraw(2, USDC_A, 1))
    short.do(short.queue(2, USDC_B, 10 * USD))
    assert reason_of(short, steps.serve_queue(USDC_B)) == Reason.NOTHING_TO_SERVE
    short.deposit(3, USDC_B, 60_000 * USD)
    assert [row.account for row in short.state.withdrawals] == [2, 1, 2]
    short.do(short.withdraw(2, USDC_B, 1))


def test_who_leaves_takes_the_amount_and_lets_the_next_one_in(short) -> None:
    short.deposit(3, USDC_B, 100 * USD)
    short.do(short.queue(2, USDC_B, 50 * USD))
    assert reason_of(short, short.leave(2, 0)) == Reason.WAITING_UNKNOWN
    left, served = short.do(short.leave(1, 0))
    assert left == QueueLeft(0, 1, USDC_B, NET)
    assert (served.account, served.amount) == (2, 50 * USD - 50_000)
    assert short.state.accounts[1].cash == 100_000 * USD - 60 * USD
    assert reason_of(short, short.leave(1, 0)) == Reason.WAITING_UNKNOWN
    assert reason_of(short, short.leave(2, 1)) == Reason.WAITING_UNKNOWN
    assert reason_of(short, short.leave(2, 9)) == Reason.WAITING_UNKNOWN


def test_many_are_served_eight_at_a_time(venue) -> None:
    for _ in range(20):
        venue.do(venue.queue(1, USDC_B, 10 * USD))
    venue.do(venue.leave(1, 9))
    third = venue.open_account(usd=10)
    assert len(venue.deposit(third, USDC_B, 1_000 * USD)) == 1 + 8
    assert len(venue.do(steps.serve_queue(USDC_B))) == 7
    assert len(venue.do(steps.serve_queue(USDC_B))) == 4
    assert reason_of(venue, steps.serve_queue(USDC_B)) == Reason.NOTHING_TO_SERVE


@pytest.mark.parametrize(
    ("asset", "amount", "options", "reason"),
    [
        (3, 60_000 * USD, {}, Reason.ASSET_UNKNOWN),
        (WETH, 60_000 * USD, {}, Reason.NOT_CASH),
        (USDC_B, 10 * USD - 1, {}, Reason.AMOUNT_OUT_OF_RANGE),
        (USDC_B, 2**96, {}, Reason.AMOUNT_OUT_OF_RANGE),
        (USDC_B, 100_001 * USD, {}, Reason.INSUFFICIENT_BALANCE),
        (USDC_B, 10 * USD, {"recipient": bytes(20)}, Reason.INVALID_RECIPIENT),
        (USDC_A, 200_000 * USD, {}, Reason.INVENTORY_SUFFICES),
    ],
)
def test_who_may_not_wait(venue, asset: int, amount: int, options: dict[str, bytes], reason: Reason) -> None:
    assert reason_of(venue, venue.queue(1, asset, amount, **options)) == reason
    venue.do(venue.queue(1, USDC_B, 100_000 * USD))


def test_waiting_and_leaving_need_the_owner(short) -> None:
    assert reason_of(short, short.queue(1, USDC_B, 10 * USD, key=short.signers[2])) == Reason.BAD_SIGNATURE
    assert reason_of(short, short.leave(1, 0, key=short.signers[2])) == Reason.BAD_SIGNATURE
    withdraw = short.withdraw(1, USDC_B, 10 * USD)
    assert reason_of(short, bytes([steps.StepKind.QUEUE_WITHDRAWAL]) + withdraw[1:]) == Reason.BAD_SIGNATURE


# Offers and reservations


def test_the_rebate_grows_with_the_wait_up_to_what_waiting_costs(short) -> None:
    for waited, rebate in ((0, 0), (RAMP // 2, NET // 2_000), (RAMP, NET // 1_000), (10 * RAMP, NET // 1_000)):
        set_clock(short.state, short.state.waiting[0].since + waited)
        (offer,) = rebalance_offers(short.state)
        assert (offer.short, offer.amount, offer.rebate) == (USDC_B, NET, rebate)
        assert offer.sources == ((USDC_A, 210_000 * USD),)
        assert offer.bond == NET // 100


def test_both_sides_are_set_aside_in_one_step(short) -> None:
    later(short, RAMP)
    (event,) = short.do(short.reserve(3, USDC_B, USDC_A, NET))
    rebate, bond = NET // 1_000, NET // 100
    deadline = short.state.header.clock + WINDOW
    assert event == RebalanceReserved(3, USDC_B, USDC_A, NET, rebate, bond, deadline)
    assert short.state.assets[USDC_A].inventory == 210_000 * USD - NET - rebate
    assert invariants.set_aside(short.state, USDC_A) == NET + rebate
    assert short.state.accounts[3].cash == 10_000 * USD - bond
    assert sums(short) == (60_000 * USD - rebate, bond + rebate)
    assert rebalance_offers(short.state) == []


def test_the_deposit_brings_one_chain_and_takes_from_the_other_in_one_transition(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, NET))
    events = short.deposit(3, USDC_B, NET + 5)
    rebate = NET // 1_000
    assert events[1:] == [
        Rebalanced(3, USDC_B, USDC_A, NET, rebate, 0),
        WithdrawalQueued(0, 3, USDC_A, NET + rebate, b"\x99" * 20, 10, b"\x01" * 20),
        WithdrawalQueued(1, 1, USDC_B, NET, b"\x77" * 20, 11, b"\x02" * 20),
    ]
    assert short.state.accounts[3].cash == 10_000 * USD + 5, "bond back, what was too much stays"
    assert short.state.reservations[3].status == ReservationStatus.FILLED
    assert short.state.accounts[0].cash == 60 * USD - rebate
    assert sums(short) == (0, 0)


def test_a_provider_may_bring_a_part(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, 20_000 * USD))
    assert reason_of(short, short.reserve(2, USDC_B, USDC_A, NET - 20_000 * USD + 1)) == Reason.NOT_SHORT
    short.do(short.reserve(2, USDC_B, USDC_A, NET - 20_000 * USD))
    short.deposit(3, USDC_B, 20_000 * USD)
    assert len(short.state.withdrawals) == 1
    short.deposit(2, USDC_B, NET - 20_000 * USD)
    assert [row.account for row in short.state.withdrawals] == [3, 2, 1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"short": 9}, Reason.ASSET_UNKNOWN),
        ({"long": 9}, Reason.ASSET_UNKNOWN),
        ({"short": WETH}, Reason.NOT_CASH),
        ({"long": WETH}, Reason.NOT_CASH),
        ({"long": USDC_B}, Reason.SAME_ASSET),
        ({"short": USDC_A, "long": USDC_B}, Reason.NOT_SHORT),
        ({"amount": 0}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": 2**96}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": NET + 1}, Reason.NOT_SHORT),
        ({"min_rebate": NET // 1_000 + 1}, Reason.REBATE_TOO_SMALL),
        ({"recipient": bytes(20)}, Reason.INVALID_RECIPIENT),
        ({"account": 0}, Reason.INSURANCE_MAY_NOT_TRADE),
    ],
)
def test_refused_reservations(short, change: dict[str, object], reason: Reason) -> None:
    later(short, RAMP)
    terms = {"account": 3, "short": USDC_B, "long": USDC_A, "amount": NET, "min_rebate": NET // 1_000}
    assert reason_of(short, short.reserve(**{**terms, **change})) == reason
    short.do(short.reserve(**terms))


def test_a_reservation_needs_a_bond_and_inventory(short) -> None:
    poor = short.open_account(usd=599)
    assert reason_of(short, short.reserve(poor, USDC_B, USDC_A, NET)) == Reason.INSUFFICIENT_BALANCE
    short.do(short.withdraw(2, USDC_A, 100_000 * USD))
    short.do(short.withdraw(1, USDC_A, 40_000 * USD))
    short.do(short.withdraw(3, USDC_A, 9_000 * USD))
    later(short, RAMP)
    left = short.state.assets[USDC_A].inventory
    short.state.assets[USDC_A].inventory = NET + NET // 1_000 - 1
    step = short.reserve(3, USDC_B, USDC_A, NET)
    assert apply(short.state, step) == [StepRejected(Reason.INSUFFICIENT_INVENTORY)]
    short.state.assets[USDC_A].inventory = left


# Attacks


def test_reserving_and_never_depositing_costs_the_bond(short) -> None:
    later(short, RAMP)
    before = short.state.accounts[3].cash
    short.do(short.reserve(3, USDC_B, USDC_A, NET))
    assert reason_of(short, steps.lapse_reservation(3)) == Reason.DEADLINE_NOT_REACHED
    later(short, WINDOW)
    assert reason_of(short, steps.lapse_reservation(3)) == Reason.QUEUE_MAY_HOLD_ITEMS
    short.deposit(2, USDC_A, 1)
    (event,) = short.do(steps.lapse_reservation(3))
    assert event == ReservationLapsed(3, USDC_B, USDC_A, NET, NET // 100)
    assert short.state.accounts[3].cash == before - NET // 100
    assert short.state.accounts[0].cash == NET // 100
    assert short.state.assets[USDC_A].inventory == 210_000 * USD + 1
    assert sums(short) == (60_000 * USD, 0)
    assert reason_of(short, steps.lapse_reservation(3)) == Reason.NO_RESERVATION
    (offer,) = rebalance_offers(short.state)
    assert offer.amount == NET


def test_what_a_lapse_sets_free_serves_who_waited_for_it(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, NET))
    short.deposit(2, USDC_B, 40_000 * USD)
    short.do(short.withdraw(2, USDC_A, 100_000 * USD))
    short.do(short.withdraw(1, USDC_A, 20_000 * USD))
    short.do(short.queue(2, USDC_A, 35_000 * USD))
    assert len(short.state.withdrawals) == 2, "what is set aside is not for them"
    later(short, WINDOW)
    short.forced(9, 0)
    _, served = short.do(steps.lapse_reservation(3))
    assert (served.account, served.asset) == (2, USDC_A)


def slow_queue(venue) -> int:
    """A deposit enters in time and waits in the queue; somebody ends the reservation first. What the provider has."""
    later(venue, RAMP)
    venue.do(venue.reserve(3, USDC_B, USDC_A, NET))
    deadline = venue.state.reservations[3].deadline
    before = wealth(venue, 3)
    later(venue, WINDOW + 9)
    apply(venue.state, steps.lapse_reservation(3))
    venue.deposit(3, USDC_B, NET, enqueued_at=deadline - 1)
    return wealth(venue, 3) - before - NET


def test_a_deposit_that_waits_in_the_queue_is_in_time(short) -> None:
    assert slow_queue(short) == NET // 100 + NET // 1_000


def test_without_the_queues_time_the_same_provider_loses_its_bond(short, monkeypatch) -> None:
    monkeypatch.setattr("exchange.engine.rebalancing.require_queue_read", lambda _state, _time: None)
    assert slow_queue(short) == 0


def test_an_account_has_one_reservation_at_a_time(short) -> None:
    short.do(short.reserve(3, USDC_B, USDC_A, 20 * USD))
    assert reason_of(short, short.reserve(3, USDC_B, USDC_A, 20 * USD)) == Reason.RESERVATION_IS_OPEN
    short.deposit(3, USDC_B, 20 * USD)
    short.do(short.reserve(3, USDC_B, USDC_A, 20 * USD))


@pytest.mark.parametrize("case", ["another account", "another asset", "too little", "too late"])
def test_what_does_not_fulfil_a_reservation_is_an_ordinary_deposit(short, case: str) -> None:
    short.do(short.reserve(3, USDC_B, USDC_A, 20_000 * USD))
    deadline = short.state.reservations[3].deadline
    cash = short.state.accounts[3].cash
    match case:
        case "another account":
            short.deposit(2, USDC_B, 20_000 * USD)
        case "another asset":
            short.deposit(3, USDC_A, 20_000 * USD)
        case "too little":
            short.deposit(3, USDC_B, 20_000 * USD - 1)
        case "too late":
            short.deposit(3, USDC_B, 20_000 * USD, enqueued_at=deadline)
    assert short.state.reservations[3].status == ReservationStatus.OPEN
    assert short.state.withdrawals == []
    if case != "another account":
        assert short.state.accounts[3].cash >= cash + 20_000 * USD - 1
    set_clock(short.state, deadline)
    if case == "too late":
        assert reason_of(short, short.reserve(3, USDC_B, USDC_A, 20 * USD)) == Reason.RESERVATION_IS_OPEN
        short.do(steps.lapse_reservation(3))
    else:
        short.deposit(3, USDC_B, 20_000 * USD, enqueued_at=deadline - 1)
        assert short.state.reservations[3].status == ReservationStatus.FILLED


def circle(venue, rounds: int) -> int:
    """What account 1 wins by draining a vault itself and bringing everything back, again and again."""
    before, brought = wealth(venue, 1), 0
    for _ in range(rounds):
        venue.do(venue.queue(1, USDC_B, 30_000 * USD))
        later(venue, RAMP)
        (offer,) = rebalance_offers(venue.state)
        venue.do(venue.reserve(1, USDC_B, USDC_A, offer.amount))
        venue.deposit(1, USDC_B, offer.amount)
        brought += offer.amount
        for row in venue.state.withdrawals[-2:]:
            venue.deposit(1, row.asset, row.amount)
            brought += row.amount
        venue.do(venue.withdraw(1, USDC_B, venue.state.assets[USDC_B].inventory))
        venue.deposit(1, USDC_A, venue.state.withdrawals[-1].amount)
        brought += venue.state.withdrawals[-1].amount
        invariants.check(venue.state)
    return wealth(venue, 1) - before - brought


def milk(venue) -> int:
    """What account 2 wins beside somebody who waits and has paid: it queues, brings its own amount, leaves."""
    venue.do(venue.queue(1, USDC_B, 90_000 * USD))
    before, brought = wealth(venue, 2), 0
    for _ in range(3):
        venue.do(venue.queue(2, USDC_B, 20_000 * USD))
        later(venue, RAMP)
        venue.do(venue.reserve(2, USDC_B, USDC_A, 20_000 * USD))
        venue.deposit(2, USDC_B, 20_000 * USD)
        brought += 20_000 * USD
        venue.do(venue.leave(2, len(venue.state.waiting) - 1))
    return wealth(venue, 2) - before - brought


def test_going_round_in_circles_wins_nothing(venue) -> None:
    assert circle(venue, 5) <= 0


def test_queueing_beside_others_wins_nothing_either(venue) -> None:
    assert milk(venue) <= 0


def test_a_rebate_above_the_fee_would_be_milked(venue, monkeypatch) -> None:
    monkeypatch.setattr("exchange.engine.rebalancing.FACTOR_ONE", 500_000)
    assert milk(venue) > 0


def test_leaving_does_not_take_the_fee_that_a_rebate_was_promised_from(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, NET))
    short.do(short.leave(1, 0))
    events = short.deposit(3, USDC_B, NET)
    assert type(events[1]) is Rebalanced
    assert wealth(short, 1) == 100_000 * USD - 60 * USD
    invariants.check(short.state)


def test_a_reservation_does_not_let_a_debtor_take_more_than_it_brings(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, 10_000 * USD))
    short.state.accounts[3].cash -= 50_000 * USD
    short.state.accounts[2].cash += 50_000 * USD
    owed = short.state.accounts[3].cash
    short.deposit(3, USDC_B, 10_000 * USD)
    assert short.state.accounts[3].cash == owed + short.state.reservations[3].bond


def test_what_was_set_aside_is_nobody_elses(short) -> None:
    later(short, RAMP)
    short.do(short.reserve(3, USDC_B, USDC_A, NET))
    left = short.state.assets[USDC_A].inventory
    short.deposit(2, USDC_B, 60_000 * USD)
    assert reason_of(short, short.withdraw(2, USDC_A, left + 1)) == Reason.INSUFFICIENT_INVENTORY
    short.do(short.withdraw(2, USDC_A, left))
    short.deposit(3, USDC_B, NET)
    assert short.state.withdrawals[-1].amount + short.state.withdrawals[-2].amount >= NET


def test_the_same_queue_gives_the_same_root_after_a_revert(short) -> None:
    state = short.state
    state.commit()
    number = state.commit_number
    later(short, RAMP)
    step = short.reserve(3, USDC_B, USDC_A, NET)
    short.do(step)
    root = state.commit()
    state.revert_to(number)
    invariants.check(state)
    assert not state.reservations
    later(short, RAMP)
    short.do(step)
    assert state.commit() == root


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state: setattr(state.shortages[1], "waiting", 1), "cash: owed"),
        (lambda state: setattr(state.shortages[1], "incoming", 1), "reserved, recorded 1"),
        (lambda state: setattr(state.shortages[1], "tail", 0), "does not end at its tail"),
        (lambda state: setattr(state.waiting[0], "asset", 0), "out of order"),
        (lambda state: setattr(state.reservations[3], "bond", 1), "cash: owed"),
        (lambda state: setattr(state.header, "waiting_count", 0), "waiting withdrawals differ"),
    ],
)
def test_damage_is_seen(short, damage, message: str) -> None:
    short.do(short.reserve(3, USDC_B, USDC_A, 20 * USD))
    damage(short.state)
    with pytest.raises(InvariantError, match=message):
        invariants.check(short.state)
