"""Stops and take-profits wait for the mark, and a crossed one comes before everything else on its market."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Filled,
    OrderPlaced,
    OrderRemoved,
    Reason,
    Rejected,
    Removal,
    Triggered,
    TriggerFailed,
    open_orders,
    set_clock,
    steps,
)
from exchange.engine.due import due_step
from exchange.engine.gates import due_trigger
from exchange.state import OrderFlag, Side, TimeInForce

UNIT = 10**8
ABOVE, BELOW, REDUCE = OrderFlag.TRIGGER_ABOVE, OrderFlag.TRIGGER_BELOW, OrderFlag.REDUCE_ONLY
IOC = TimeInForce.IOC


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def long(venue):
    """Account 1 holds one BTC, account 2 the other side, account 3 quotes around the mark."""
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.open_account(usd=10_000_000)
    venue.buy(3, 48_000, 5)
    venue.sell(3, 52_000, 5)
    return venue


def stop(venue, account: int = 1, trigger: float = 49_000, size: float = 1, **options) -> bytes:
    defaults = {"tif": IOC, "flags": BELOW | REDUCE}
    return venue.order(account, 0, Side.ASK, 0, size, trigger=trigger, **{**defaults, **options})


def test_a_stop_reserves_nothing_and_waits_outside_the_book(long) -> None:
    (placed,) = long.do(stop(long))
    assert (placed.trigger, placed.remaining) == (49_000 * UNIT, UNIT)
    account = long.state.accounts[1]
    assert (account.trigger_count, account.positions[0].ask_quantity) == (1, 0)
    assert long.state.markets[0].trigger_below == placed.slot + 1
    (waiting,) = open_orders(long.state, 1)
    assert (waiting.trigger, waiting.slot) == (49_000 * UNIT, placed.slot)
    assert not due_trigger(long.state, 0)


def test_a_crossed_stop_sells_and_is_gone(long) -> None:
    long.do(stop(long))
    long.price(btc=49_000)
    triggered, fill = long.do(steps.trigger(0))
    assert isinstance(triggered, Triggered)
    assert (triggered.account, triggered.mark) == (1, 49_000 * UNIT)
    assert (fill.taker, fill.maker, fill.price, fill.size) == (1, 3, 48_000 * UNIT, UNIT)
    assert long.state.accounts[1].positions == {}
    assert long.state.accounts[1].trigger_count == 0
    assert reason_of(long, steps.trigger(0)) == Reason.NOTHING_DUE


@pytest.mark.parametrize(
    ("flags", "side", "trigger", "mark"),
    [
        (BELOW, Side.ASK, 49_000, 49_000),  # stop loss of a long
        (ABOVE, Side.ASK, 51_000, 51_000.1),  # take profit of a long
        (ABOVE, Side.BID, 51_000, 51_000),  # stop loss of a short
        (BELOW, Side.BID, 49_000, 48_999),  # take profit of a short
    ],
)
def test_triggers_fire_at_the_mark_and_not_before(long, flags: int, side: Side, trigger: float, mark: float) -> None:
    long.do(long.order(3, 0, side, 0, 0.1, tif=IOC, flags=flags, trigger=trigger))
    long.price(btc=trigger + (0.1 if flags == BELOW else -0.1))
    assert reason_of(long, steps.trigger(0)) == Reason.NOTHING_DUE
    long.price(btc=mark)
    assert isinstance(long.do(steps.trigger(0))[0], Triggered)


def test_nothing_else_gets_onto_the_market_while_a_trigger_is_crossed(long) -> None:
    long.do(stop(long))
    (own,) = long.sell(1, 53_000, 0.1)
    long.price(btc=48_900)
    assert due_step(long.state, [0]) == steps.trigger(0)
    refused = (
        long.order(2, 0, Side.BID, 48_000, 0.1),
        stop(long, trigger=47_000),
        steps.liquidate(1, 0),
        long.signed(steps.REPLACE, 1, market=0, slot=own.slot, sequence=own.sequence, price=54_000 * UNIT, size=10**7),
    )
    assert [reason_of(long, step) for step in refused] == [Reason.TRIGGER_DUE] * 4
    long.buy(2, 3_000, 0.1, market=1)
    long.do(long.cancel(1, 0, own.slot, own.sequence))
    long.do(steps.trigger(0))
    long.do(refused[0])


def test_a_round_cannot_pass_over_a_crossed_trigger(long) -> None:
    """A venue that hides a stop for one round, until the price is back, would have it never fired."""
    long.do(stop(long))
    long.price(btc=48_900)
    set_clock(long.state, long.state.header.clock + 1)
    long.do(long.report(0, 50_000))
    assert reason_of(long, steps.reprice(0)) == Reason.TRIGGER_DUE
    long.do(steps.trigger(0))
    long.do(steps.reprice(0))
    assert long.state.accounts[1].positions == {}


def test_triggers_fire_in_order_of_crossing(long) -> None:
    for trigger in (48_500, 49_500, 49_000, 49_500):
        long.do(stop(long, trigger=trigger, size=0.1))
    slots = []
    reference = long.state.markets[0].trigger_below
    while reference:
        order = long.state.orders[0][reference - 1]
        slots.append((order.trigger // UNIT, order.sequence))
        reference = order.next
    assert [trigger for trigger, _ in slots] == [49_500, 49_500, 49_000, 48_500]
    assert slots[0][1] < slots[1][1]
    long.price(btc=48_900)
    fired = [long.do(steps.trigger(0))[0].sequence for _ in range(3)]
    assert fired == [sequence for _, sequence in slots[:3]]
    assert reason_of(long, steps.trigger(0)) == Reason.NOTHING_DUE


def test_a_stop_limit_rests_at_its_limit(long) -> None:
    long.do(long.order(1, 0, Side.ASK, 49_500, 1, tif=TimeInForce.GTC, flags=BELOW, trigger=49_600))
    long.price(btc=49_500)
    _, placed = long.do(steps.trigger(0))
    assert isinstance(placed, OrderPlaced)
    assert (placed.price, placed.trigger, placed.remaining) == (49_500 * UNIT, 0, UNIT)
    assert long.state.accounts[1].positions[0].ask_quantity == UNIT


def test_a_limit_beyond_the_band_is_cut_to_it_when_the_stop_fires(long) -> None:
    step = long.order(1, 0, Side.ASK, 30_000, 1, tif=IOC, flags=BELOW, trigger=49_000)
    long.do(step)
    long.price(btc=48_900)
    events = long.do(steps.trigger(0))
    assert isinstance(events[0], Triggered)
    assert not any(isinstance(event, TriggerFailed) for event in events)
    assert any(isinstance(event, Filled) for event in events)


def test_a_stop_that_reduces_nothing_any_more_is_dropped_and_frees_the_market(long) -> None:
    long.do(stop(long))
    long.sell(1, 48_000, 1)
    assert long.state.accounts[1].positions == {}
    long.price(btc=48_900)
    triggered, failed = long.do(steps.trigger(0))
    assert isinstance(triggered, Triggered)
    assert failed == TriggerFailed(1, 0, triggered.nonce, Reason.REDUCE_ONLY_WOULD_INCREASE)
    long.buy(2, 48_000, 0.1)


def test_margin_is_checked_when_a_stop_fires(long) -> None:
    long.do(long.order(2, 0, Side.BID, 0, 100, tif=IOC, flags=ABOVE, trigger=51_000))
    long.price(btc=51_500)
    _, failed = long.do(steps.trigger(0))
    assert failed.reason == Reason.INSUFFICIENT_MARGIN
    assert long.state.accounts[2].positions[0].size == -UNIT


def test_dead_triggers_are_removed_when_their_turn_comes(long) -> None:
    long.do(stop(long, good_till=long.state.header.clock + 2))
    (second,) = long.do(stop(long, account=2, flags=BELOW))
    long.do(long.cancel_all(2))
    long.price(btc=48_900)
    long.price(eth=3_000)
    (first_gone,) = long.do(steps.trigger(0))
    (second_gone,) = long.do(steps.trigger(0))
    assert (first_gone.cause, second_gone.cause) == (Removal.EXPIRED, Removal.DEAD_EPOCH)
    assert second_gone.sequence == second.sequence
    assert [long.state.accounts[account].trigger_count for account in (1, 2)] == [0, 0]


def test_a_waiting_order_is_cancelled_by_slot_and_sequence(long) -> None:
    (placed,) = long.do(stop(long))
    (removed,) = long.do(long.cancel(1, 0, placed.slot, placed.sequence))
    assert removed == OrderRemoved(1, 0, placed.slot, placed.sequence, placed.nonce, UNIT, Removal.CANCELLED)
    assert long.state.markets[0].trigger_below == 0
    assert long.state.accounts[1].trigger_count == 0


def test_a_stale_mark_crosses_nothing_and_blocks_nothing(long) -> None:
    """After an outage, stops wait for a fresh price instead of filling at an old one."""
    long.do(stop(long))
    long.price(btc=48_900)
    set_clock(long.state, long.state.header.clock + 61)
    assert reason_of(long, steps.trigger(0)) == Reason.NOTHING_DUE
    long.price(btc=49_900)
    assert reason_of(long, steps.trigger(0)) == Reason.NOTHING_DUE
    assert long.state.accounts[1].positions[0].size == UNIT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trigger": 50_000}, Reason.TRIGGER_CROSSED),
        ({"trigger": 50_001}, Reason.TRIGGER_CROSSED),
        ({"trigger": 49_000.05}, Reason.PRICE_OFF_TICK),
        ({"trigger": 2**50 / UNIT}, Reason.PRICE_OUT_OF_RANGE),
        ({"flags": 0}, Reason.MALFORMED),
        ({"flags": ABOVE | BELOW}, Reason.MALFORMED),
        ({"flags": BELOW | 8}, Reason.MALFORMED),
        ({"tif": TimeInForce.POST_ONLY}, Reason.MALFORMED),
        ({"tif": TimeInForce.GTC}, Reason.PRICE_OUT_OF_RANGE),
        ({"size": 0.0005}, Reason.SIZE_OUT_OF_RANGE),
        ({"size": 0.0011}, Reason.SIZE_OFF_LOT),
        ({"good_till": 1}, Reason.EXPIRED),
    ],
)
def test_triggers_that_break_a_rule(long, change: dict[str, object], reason: Reason) -> None:
    long.do(stop(long))
    assert reason_of(long, stop(long, **change)) == reason


def test_an_account_has_thirty_two_triggers(long) -> None:
    for _ in range(32):
        long.do(stop(long, size=0.001))
    assert reason_of(long, stop(long)) == Reason.TOO_MANY_TRIGGERS
    long.do(stop(long, account=2, flags=BELOW))
    long.do(long.cancel_all(1))
    long.do(stop(long))


def test_a_trigger_flag_without_a_trigger_is_malformed(long) -> None:
    assert reason_of(long, long.order(1, 0, Side.ASK, 52_000, 1, flags=BELOW)) == Reason.MALFORMED
