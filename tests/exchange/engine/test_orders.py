"""Orders end to end: what rests, what trades, at which price, in which order."""

from __future__ import annotations

import pytest

from exchange.engine import (
    AllCancelled,
    Filled,
    Level,
    OrderPlaced,
    OrderRemoved,
    Reason,
    RegisterOpened,
    Rejected,
    RemainderDropped,
    Removal,
    depth,
    open_orders,
    set_clock,
    steps,
    try_apply,
)
from exchange.state import Side, TimeInForce
from exchange.state.account import Position

UNIT = 10**8
USD = 10**6


def fills(events: list[object]) -> list[tuple[int, int, int]]:
    """(maker, price in USD, size in 1e-8) of each fill."""
    return [(event.maker, event.price // UNIT, event.size) for event in events if isinstance(event, Filled)]


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def test_a_resting_order_reserves_its_quantity(venue) -> None:
    (placed,) = venue.buy(1, 49_000, 2)
    assert placed == OrderPlaced(1, 0, 0, 1, Side.BID, 49_000 * UNIT, 2 * UNIT, venue.nonce)
    assert venue.state.accounts[1].positions == {0: Position(0, 0, 0, 2 * UNIT, 0, 98_000 * USD, 0)}
    assert depth(venue.state, 0, 5).bids == (Level(price=49_000 * UNIT, size=2 * UNIT, orders=1),)
    assert depth(venue.state, 0, 5).asks == ()


def test_a_trade_moves_position_cost_and_fees(venue) -> None:
    venue.sell(1, 50_000, 1)
    events = venue.buy(2, 50_100, 3)
    (fill, placed) = events
    assert fill == Filled(
        0, 50_000 * UNIT, UNIT, 2, Side.BID, venue.nonce, 25 * USD, 1, 0, 1, venue.nonce - 1, 0, 10 * USD, False
    )
    assert placed.remaining == 2 * UNIT
    seller, buyer = venue.state.accounts[1], venue.state.accounts[2]
    assert seller.positions == {0: Position(-UNIT, -50_000 * USD)}
    assert buyer.positions == {0: Position(UNIT, 50_000 * USD, 0, 2 * UNIT, 0, 100_200 * USD, 0)}
    assert (seller.cash, buyer.cash) == (99_990 * USD, 99_975 * USD)
    market = venue.state.markets[0]
    assert (market.fees, market.open_interest, market.last_price) == (35 * USD, UNIT, 50_000 * UNIT)


def test_fees_round_up(venue) -> None:
    venue.sell(1, 50_000.1, 0.001)
    (fill,) = venue.buy(2, 50_000.1, 0.001)
    # 50.0001 USD at 0.05 % and 0.02 %: 0.02500005 and 0.01000002
    assert (fill.taker_fee, fill.maker_fee) == (25_001, 10_001)


def test_price_then_time(venue) -> None:
    third = venue.open_account(usd=100_000)
    venue.sell(1, 50_010, 1)
    venue.sell(2, 50_000, 1)
    venue.sell(third, 50_010, 1)
    venue.sell(third, 50_000, 1)
    fourth = venue.open_account(usd=1_000_000)
    events = venue.buy(fourth, 50_010, 3.5)
    assert fills(events) == [(2, 50_000, UNIT), (third, 50_000, UNIT), (1, 50_010, UNIT), (third, 50_010, UNIT // 2)]


def test_a_partly_filled_maker_keeps_its_place(venue) -> None:
    third = venue.open_account(usd=100_000)
    venue.buy(1, 50_000, 1)
    venue.buy(2, 50_000, 1)
    assert fills(venue.sell(third, 50_000, 0.4)) == [(1, 50_000, 4 * UNIT // 10)]
    assert fills(venue.sell(third, 50_000, 0.7)) == [(1, 50_000, 6 * UNIT // 10), (2, 50_000, UNIT // 10)]


def test_realised_profit_by_hand(venue) -> None:
    third = venue.open_account(usd=1_000_000)
    venue.sell(third, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.sell(third, 50_600, 2)
    venue.buy(1, 50_600, 2)
    position = venue.state.accounts[1].positions[0]
    assert (position.size, position.cost) == (3 * UNIT, 151_200 * USD)
    cash = venue.state.accounts[1].cash
    venue.buy(third, 51_000, 5)
    venue.sell(1, 51_000, 1)  # closes a third: cost 50,400, proceeds 51,000, fee 25.5
    assert venue.state.accounts[1].cash == cash + 600 * USD - 25_500_000
    assert venue.state.accounts[1].positions[0].cost == 100_800 * USD
    venue.sell(1, 51_000, 4)  # closes two (profit 1,200), opens two short; fee on 204,000
    assert venue.state.accounts[1].cash == cash + 1_800 * USD - 25_500_000 - 102 * USD
    position = venue.state.accounts[1].positions[0]
    assert (position.size, position.cost) == (-2 * UNIT, -102_000 * USD)
    venue.sell(third, 51_000, 2)
    venue.buy(1, 51_000, 2)
    assert 0 not in venue.state.accounts[1].positions


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.GTC])
def test_immediate_or_cancel_drops_the_rest(venue, tif: TimeInForce) -> None:
    venue.sell(1, 50_000, 1)
    events = venue.buy(2, 50_000, 1.5, tif=tif)
    assert fills(events) == [(1, 50_000, UNIT)]
    if tif == TimeInForce.IOC:
        assert events[-1] == RemainderDropped(2, 0, venue.nonce, UNIT // 2)
        assert venue.state.accounts[2].positions[0].bid_quantity == 0
        assert depth(venue.state, 0).bids == ()
    else:
        assert depth(venue.state, 0).bids == (Level(price=50_000 * UNIT, size=UNIT // 2, orders=1),)


def test_an_order_that_meets_nobody_leaves_no_record(venue) -> None:
    assert venue.buy(2, 50_000, 1, tif=TimeInForce.IOC) == [RemainderDropped(2, 0, venue.nonce, UNIT)]
    assert venue.state.accounts[2].positions == {}


def test_fill_or_kill_takes_all_or_nothing(venue) -> None:
    venue.sell(1, 50_000, 1)
    step = venue.order(2, 0, Side.BID, 50_000, 1.001, TimeInForce.FOK)
    assert reason_of(venue, step) == Reason.FILL_OR_KILL_UNFILLED
    assert fills(venue.buy(2, 50_000, 1, tif=TimeInForce.FOK)) == [(1, 50_000, UNIT)]


def test_fill_or_kill_counts_eight_orders_and_not_its_own(venue) -> None:
    for _ in range(9):
        venue.sell(1, 50_000, 0.1)
    assert reason_of(venue, venue.order(2, 0, Side.BID, 50_000, 0.801, TimeInForce.FOK)) == Reason.FILL_OR_KILL_UNFILLED
    own = venue.order(1, 0, Side.BID, 50_000, 0.1, TimeInForce.FOK)
    assert reason_of(venue, own) == Reason.FILL_OR_KILL_UNFILLED
    assert len(fills(venue.buy(2, 50_000, 0.8, tif=TimeInForce.FOK))) == 8


def test_post_only_never_takes(venue) -> None:
    venue.sell(1, 50_000, 1)
    assert (
        reason_of(venue, venue.order(2, 0, Side.BID, 50_000, 1, TimeInForce.POST_ONLY)) == Reason.POST_ONLY_WOULD_TRADE
    )
    assert (
        reason_of(venue, venue.order(1, 0, Side.BID, 50_000, 1, TimeInForce.POST_ONLY)) == Reason.POST_ONLY_WOULD_TRADE
    )
    (placed,) = venue.buy(2, 49_999.9, 1, tif=TimeInForce.POST_ONLY)
    assert isinstance(placed, OrderPlaced)


def test_post_only_removes_dead_orders_in_its_way(venue) -> None:
    venue.sell(1, 50_000, 1, expiry=venue.state.header.clock + 1)
    set_clock(venue.state, venue.state.header.clock + 1)
    removed, placed = venue.buy(2, 50_000, 1, tif=TimeInForce.POST_ONLY)
    assert removed == OrderRemoved(1, 0, 0, 1, venue.nonce - 1, UNIT, Removal.EXPIRED)
    assert (placed.side, placed.slot) == (Side.BID, 0)
    assert venue.state.accounts[1].positions == {}


def test_self_trade_removes_the_resting_order(venue) -> None:
    venue.sell(2, 50_000, 1)
    venue.sell(1, 50_000, 1)
    removed, filled = venue.buy(2, 50_000, 1)
    assert removed == OrderRemoved(2, 0, 0, 1, venue.nonce - 2, UNIT, Removal.SELF_TRADE)
    assert (filled.maker, filled.taker) == (1, 2)


def test_a_cancel_names_slot_and_sequence(venue) -> None:
    (placed,) = venue.buy(1, 49_000, 1)
    assert reason_of(venue, venue.cancel(1, 0, placed.slot, placed.sequence + 1)) == Reason.ORDER_UNKNOWN
    assert reason_of(venue, venue.cancel(1, 0, placed.slot + 1, placed.sequence)) == Reason.ORDER_UNKNOWN
    assert reason_of(venue, venue.cancel(2, 0, placed.slot, placed.sequence)) == Reason.ORDER_UNKNOWN
    late = venue.cancel(1, 0, placed.slot, placed.sequence)
    venue.do(venue.cancel(1, 0, placed.slot, placed.sequence))
    assert venue.state.accounts[1].positions == {}
    (again,) = venue.buy(1, 49_000, 1)
    assert (again.slot, again.sequence) == (placed.slot, placed.sequence + 1)
    assert reason_of(venue, late) == Reason.ORDER_UNKNOWN
    assert len(open_orders(venue.state, 1)) == 1


def test_cancel_all_kills_at_once_and_the_book_forgets_lazily(venue) -> None:
    venue.sell(1, 50_000, 1)
    venue.buy(1, 2_900, 1, market=1)
    assert venue.do(venue.cancel_all(1)) == [AllCancelled(1, 1)]
    assert venue.state.accounts[1].positions == {}
    assert open_orders(venue.state, 1) == []
    assert depth(venue.state, 0).asks == ()
    assert venue.state.markets[0].best_ask == 1
    removed, placed = venue.buy(2, 50_000, 1)
    assert (removed.cause, placed.remaining) == (Removal.DEAD_EPOCH, UNIT)
    venue.sell(1, 51_000, 1)
    assert len(open_orders(venue.state, 1)) == 1


def test_a_dead_order_can_be_cancelled_by_its_owner(venue) -> None:
    (placed,) = venue.sell(1, 50_000, 1)
    venue.do(venue.cancel_all(1))
    (removed,) = venue.do(venue.cancel(1, 0, placed.slot, placed.sequence))
    assert removed.cause == Removal.DEAD_EPOCH
    assert venue.state.markets[0].best_ask == 0


def test_an_expired_order_reserves_until_it_is_touched(venue) -> None:
    clock = venue.state.header.clock
    venue.sell(1, 50_000, 1, expiry=clock + 5)
    set_clock(venue.state, clock + 5)
    assert depth(venue.state, 0).asks == ()
    assert venue.state.accounts[1].positions[0].ask_quantity == UNIT
    removed, _ = venue.buy(2, 50_000, 1)
    assert removed.cause == Removal.EXPIRED
    assert venue.state.accounts[1].positions == {}


@pytest.fixture
def long_book(venue):
    """Twenty asks of 0.1 by account 1."""
    for _ in range(20):
        venue.sell(1, 50_000, 0.1)
    return venue


def test_a_taker_meets_eight_orders_a_step(long_book) -> None:
    venue = long_book
    events = venue.buy(2, 50_000, 2.1)
    assert len(fills(events)) == 8
    assert events[-1] == RegisterOpened(0, 2, 13 * UNIT // 10)
    assert reason_of(venue, venue.order(1, 0, Side.ASK, 50_000, 1)) == Reason.REGISTER_OPEN
    assert reason_of(venue, steps.liquidate(1, 0)) == Reason.REGISTER_OPEN
    venue.buy(1, 3_000, 1, market=1)
    assert len(fills(venue.do(steps.continue_register(0)))) == 8
    last = venue.do(steps.continue_register(0))
    assert len(fills(last)) == 4
    assert last[-1].remaining == UNIT // 10
    assert isinstance(last[-1], OrderPlaced)
    assert reason_of(venue, steps.continue_register(0)) == Reason.REGISTER_CLOSED
    assert venue.state.accounts[2].positions[0].size == 2 * UNIT


def test_the_register_of_an_exactly_filled_order_does_not_open(long_book) -> None:
    events = long_book.buy(2, 50_000, 0.8)
    assert len(fills(events)) == 8
    assert not any(isinstance(event, RegisterOpened) for event in events)
    assert long_book.state.markets[0].register == 0


def test_the_rest_in_the_register_stays_reserved(long_book) -> None:
    venue = long_book
    venue.buy(2, 50_000, 2)
    position = venue.state.accounts[2].positions[0]
    assert (position.size, position.bid_quantity, position.bid_notional) == (
        8 * UNIT // 10,
        12 * UNIT // 10,
        60_000 * USD,
    )


def test_cancel_all_drops_the_order_in_the_register(long_book) -> None:
    venue = long_book
    venue.buy(2, 50_000, 2)
    venue.do(venue.cancel_all(2))
    assert venue.do(steps.continue_register(0)) == [RemainderDropped(2, 0, venue.nonce - 1, 12 * UNIT // 10)]
    assert venue.state.accounts[2].positions[0] == Position(8 * UNIT // 10, 40_000 * USD)
    assert venue.state.markets[0].register == 0


def test_an_order_that_expires_in_the_register_is_dropped(long_book) -> None:
    venue = long_book
    venue.buy(2, 50_000, 2, expiry=venue.state.header.clock + 1)
    set_clock(venue.state, venue.state.header.clock + 1)
    (dropped,) = venue.do(steps.continue_register(0))
    assert isinstance(dropped, RemainderDropped)
    assert venue.state.accounts[2].positions[0].bid_quantity == 0


def test_makers_may_cancel_while_a_register_is_open(long_book) -> None:
    venue = long_book
    venue.buy(2, 50_000, 2)
    first = venue.state.orders[0][8]
    venue.do(venue.cancel(1, 0, 8, first.sequence))
    events = venue.do(steps.continue_register(0))
    assert fills(events)[0][2] == UNIT // 10
    assert venue.do(steps.continue_register(0))[-1].remaining == UNIT // 10


def test_dead_orders_count_towards_the_eight(venue) -> None:
    for _ in range(8):
        venue.sell(1, 50_000, 0.1)
    venue.do(venue.cancel_all(1))
    venue.sell(1, 50_000, 0.1)
    events = venue.buy(2, 50_000, 0.1, tif=TimeInForce.IOC)
    assert [type(event) for event in events] == [OrderRemoved] * 8 + [RegisterOpened]
    assert len(fills(venue.do(steps.continue_register(0)))) == 1


def test_a_refused_try_counts_nothing(venue) -> None:
    sequence = venue.state.header.sequence
    step = venue.order(1, 0, Side.BID, 50_000, 1, key=venue.signers[2])
    with pytest.raises(Rejected):
        try_apply(venue.state, step)
    assert venue.state.header.sequence == sequence
