"""Client ids, scheduled cancel-all, and sweeping of dead orders."""

from __future__ import annotations

import pytest

from exchange.engine import (
    AllCancelled,
    CancelAllScheduled,
    NonceBurned,
    OrderPlaced,
    OrderRemoved,
    Reason,
    Rejected,
    Removal,
    depth,
    open_orders,
    set_clock,
    sign_cancel_client,
    steps,
)
from exchange.engine.due import dead_at_front, remedy
from exchange.state import OrderFlag, Side, TimeInForce

UNIT = 10**8
NEVER = 2**63


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def cancel_client(venue, account: int, nonce: int, slot: int = 0, market: int = 0) -> bytes:
    signer = venue.signers[account]
    return sign_cancel_client(
        signer, venue.domain, account=account, market=market, client_id=nonce, expiry=NEVER, slot=slot
    )


# Client ids


def test_cancelling_an_unused_client_id_burns_it(venue) -> None:
    nonce = venue.next_nonce()
    order = venue.order(1, 0, Side.BID, 49_000, 1, nonce=nonce)
    assert venue.do(cancel_client(venue, 1, nonce)) == [NonceBurned(1, 0, nonce)]
    assert reason_of(venue, order) == Reason.NONCE_USED
    venue.buy(1, 49_000, 1)


def test_cancelling_by_client_id_wherever_it_rests(venue) -> None:
    venue.buy(2, 49_000, 1)
    (placed,) = venue.buy(1, 49_000, 1)
    step = cancel_client(venue, 1, placed.nonce, placed.slot)
    (removed,) = venue.do(step)
    assert removed == OrderRemoved(1, 0, placed.slot, placed.sequence, placed.nonce, UNIT, Removal.CANCELLED)
    assert reason_of(venue, step) == Reason.ORDER_UNKNOWN
    assert len(open_orders(venue.state, 2)) == 1


def test_the_slot_is_a_witness_and_cannot_be_turned_against_others(venue) -> None:
    nonce = venue.next_nonce()
    (others,) = venue.buy(2, 49_000, 1, nonce=nonce)
    (placed,) = venue.buy(1, 49_000, 1, nonce=nonce)
    assert reason_of(venue, cancel_client(venue, 1, nonce, others.slot)) == Reason.ORDER_UNKNOWN
    assert [len(open_orders(venue.state, account)) for account in (1, 2)] == [1, 1]
    venue.do(cancel_client(venue, 1, nonce, placed.slot))
    assert [len(open_orders(venue.state, account)) for account in (1, 2)] == [0, 1]


def test_resending_is_safe(venue) -> None:
    """Sent, not answered, sent again: the order is there once, whichever arrives first."""
    step = venue.order(1, 0, Side.BID, 49_000, 1)
    venue.do(step)
    assert reason_of(venue, step) == Reason.NONCE_USED
    assert len(open_orders(venue.state, 1)) == 1


def test_an_order_that_was_refused_may_be_sent_again_under_its_id(venue) -> None:
    nonce = venue.next_nonce()
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1_000, nonce=nonce)) == Reason.INSUFFICIENT_MARGIN
    venue.buy(1, 49_000, 1, nonce=nonce)


def test_the_signature_expires_before_the_order_does(venue) -> None:
    clock = venue.state.header.clock
    step = venue.order(1, 0, Side.BID, 49_000, 1, expiry=clock + 2, good_till=clock + 100)
    venue.do(step)
    late = venue.order(1, 0, Side.BID, 49_000, 1, expiry=clock + 2, good_till=clock + 100)
    set_clock(venue.state, clock + 2)
    assert reason_of(venue, late) == Reason.EXPIRED
    assert len(open_orders(venue.state, 1)) == 1
    set_clock(venue.state, clock + 100)
    assert open_orders(venue.state, 1) == []


def test_until_cancelled_is_the_default_of_zero(venue) -> None:
    (placed,) = venue.buy(1, 49_000, 1, good_till=0)
    assert venue.state.orders[0][placed.slot].expiry == 2**64 - 1


# Scheduled cancel-all


def schedule(venue, account: int, seconds: int) -> int:
    time = venue.state.header.clock + seconds if seconds else 0
    events = venue.do(venue.signed(steps.SCHEDULE_CANCEL_ALL, account, time=time))
    assert events[-1] == CancelAllScheduled(account, time)
    return time


def test_a_dead_man_switch_kills_at_its_time_and_not_before(venue) -> None:
    venue.sell(1, 50_000, 1)
    time = schedule(venue, 1, 5)
    set_clock(venue.state, time - 1)
    assert len(open_orders(venue.state, 1)) == 1
    set_clock(venue.state, time)
    assert open_orders(venue.state, 1) == []
    assert depth(venue.state, 0).asks == ()
    removed, placed = venue.buy(2, 50_000, 1)
    assert (removed.account, removed.cause) == (1, Removal.EXPIRED)
    assert placed.remaining == UNIT


def test_pushing_it_on_keeps_the_orders(venue) -> None:
    venue.sell(1, 50_000, 1)
    for _ in range(3):
        schedule(venue, 1, 5)
        set_clock(venue.state, venue.state.header.clock + 4)
    schedule(venue, 1, 0)
    set_clock(venue.state, venue.state.header.clock + 10)
    assert len(open_orders(venue.state, 1)) == 1


def test_after_it_fired_nothing_new_until_it_is_carried_out(venue) -> None:
    """Orders sent by a program that comes back must not join those that should be dead, nor die with them."""
    venue.sell(1, 51_000, 1)
    schedule(venue, 1, 5)
    step = venue.order(1, 0, Side.ASK, 52_000, 1)
    set_clock(venue.state, venue.state.header.clock + 5)
    assert reason_of(venue, step) == Reason.CANCEL_ALL_DUE
    assert remedy(venue.state, step, Reason.CANCEL_ALL_DUE) == steps.cancel_due(1)
    assert venue.do(steps.cancel_due(1)) == [AllCancelled(1, 1)]
    venue.do(step)
    assert [order.price for order in open_orders(venue.state, 1)] == [52_000 * UNIT]
    assert reason_of(venue, steps.cancel_due(1)) == Reason.NOTHING_DUE


def test_a_new_schedule_carries_out_the_old_one_first(venue) -> None:
    venue.sell(1, 51_000, 1)
    schedule(venue, 1, 5)
    set_clock(venue.state, venue.state.header.clock + 6)
    schedule(venue, 1, 5)
    assert open_orders(venue.state, 1) == []
    assert venue.state.accounts[1].positions == {}


def test_a_fired_switch_drops_the_order_in_the_register(venue) -> None:
    for _ in range(10):
        venue.sell(2, 50_000, 0.1)
    schedule(venue, 1, 5)
    venue.buy(1, 50_000, 1)
    set_clock(venue.state, venue.state.header.clock + 5)
    (dropped,) = venue.do(steps.continue_register(0))
    assert dropped.remaining == UNIT * 2 // 10


def test_schedules_that_may_not_be(venue) -> None:
    clock = venue.state.header.clock
    for time in (1, clock):
        step = venue.signed(steps.SCHEDULE_CANCEL_ALL, 1, time=time)
        assert reason_of(venue, step) == Reason.TIME_NOT_AHEAD
    assert reason_of(venue, steps.cancel_due(1)) == Reason.NOTHING_DUE
    assert reason_of(venue, steps.cancel_due(99)) == Reason.ACCOUNT_UNKNOWN
    schedule(venue, 1, 1)
    assert reason_of(venue, steps.cancel_due(1)) == Reason.NOTHING_DUE


# Dead orders in the way


@pytest.fixture
def graveyard(venue):
    """Ten dead asks of account 1 at 50,000 before a live one of account 2 at 50,100."""
    for _ in range(10):
        venue.sell(1, 50_000, 0.1)
    venue.do(venue.cancel_all(1))
    venue.sell(2, 50_100, 1)
    venue.open_account(usd=1_000_000)
    return venue


@pytest.mark.parametrize(
    ("tif", "price"), [(TimeInForce.FOK, 50_100), (TimeInForce.POST_ONLY, 50_050), (TimeInForce.POST_ONLY, 50_000)]
)
def test_dead_orders_no_longer_keep_anyone_out(graveyard, tif: TimeInForce, price: float) -> None:
    step = graveyard.order(3, 0, Side.BID, price, 0.5, tif)
    assert reason_of(graveyard, step) == Reason.DEAD_ORDERS_AHEAD
    sweep = remedy(graveyard.state, step, Reason.DEAD_ORDERS_AHEAD)
    assert sweep is not None
    removed = graveyard.do(sweep)
    assert [event.cause for event in removed] == [Removal.DEAD_EPOCH] * 8
    graveyard.do(step)


def test_a_sweep_takes_only_the_dead(graveyard) -> None:
    live = graveyard.state.books[0].sides[1].tails[50_100 * UNIT] - 1
    (removed,) = graveyard.do(steps.sweep(0, [0, live, 500]))
    assert removed.slot == 0
    assert graveyard.state.orders[0][live].remaining == UNIT
    assert reason_of(graveyard, steps.sweep(0, [0, live])) == Reason.NOTHING_TO_SWEEP


def test_a_sweep_names_one_to_eight_slots(graveyard) -> None:
    for slots in ([], list(range(9))):
        assert reason_of(graveyard, steps.sweep(0, slots)) == Reason.MALFORMED
    assert reason_of(graveyard, steps.sweep(9, [0])) == Reason.MARKET_UNKNOWN
    assert reason_of(graveyard, steps.sweep(0, [1])[:-1]) == Reason.MALFORMED
    assert len(graveyard.do(steps.sweep(0, [1, 1, 1]))) == 1


def test_dead_triggers_are_swept_too(venue) -> None:
    (placed,) = venue.do(
        venue.order(1, 0, Side.ASK, 0, 1, TimeInForce.IOC, flags=OrderFlag.TRIGGER_BELOW, trigger=40_000)
    )
    assert reason_of(venue, steps.sweep(0, [placed.slot])) == Reason.NOTHING_TO_SWEEP
    venue.do(venue.cancel_all(1))
    (removed,) = venue.do(steps.sweep(0, [placed.slot]))
    assert removed.cause == Removal.DEAD_EPOCH
    assert venue.state.markets[0].trigger_below == 0


def test_the_front_of_a_book_names_its_dead(graveyard) -> None:
    assert dead_at_front(graveyard.state, 0, Side.ASK) == list(range(8))
    assert dead_at_front(graveyard.state, 0, Side.BID) == []


# Post-only that slides


def test_post_only_slides_one_tick_behind(venue) -> None:
    venue.sell(2, 50_000, 1)
    (placed,) = venue.buy(1, 50_500, 1, tif=TimeInForce.POST_ONLY_SLIDE)
    assert isinstance(placed, OrderPlaced)
    assert placed.price == 49_999 * UNIT + 9 * UNIT // 10
    (other,) = venue.sell(1, 49_000, 1, tif=TimeInForce.POST_ONLY_SLIDE, market=0)
    assert other.price == 50_000 * UNIT
    (free,) = venue.buy(2, 40_000, 0.1, tif=TimeInForce.POST_ONLY_SLIDE)
    assert free.price == 40_000 * UNIT


def test_a_slid_order_passes_over_the_dead(venue) -> None:
    venue.sell(1, 50_000, 1)
    venue.do(venue.cancel_all(1))
    venue.sell(2, 50_100, 1)
    removed, placed = venue.buy(1, 50_500, 1, tif=TimeInForce.POST_ONLY_SLIDE)
    assert removed.cause == Removal.DEAD_EPOCH
    assert placed.price == 50_100 * UNIT - UNIT // 10
