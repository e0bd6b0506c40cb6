"""Replace: only less at the same price keeps its place; anything else is a new order in one move, or nothing."""

from __future__ import annotations

from dataclasses import replace as with_changes

import pytest

from exchange.engine import Filled, OrderPlaced, OrderReduced, Reason, Rejected, Removal, set_clock, steps
from exchange.state import OrderFlag, TimeInForce

UNIT = 10**8


def replace(venue, account: int, placed: OrderPlaced, price: float, size: float, **options) -> bytes:
    fields = {"market": 0, "slot": placed.slot, "sequence": placed.sequence, **options}
    return venue.signed(steps.REPLACE, account, price=round(price * UNIT), size=round(size * UNIT), **fields)


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def queue(venue):
    """Accounts 1 and 2 ask at 50,000, in this order; account 3 has money."""
    venue.open_account(usd=1_000_000)
    (venue.first,) = venue.sell(1, 50_000, 1)
    (venue.second,) = venue.sell(2, 50_000, 1)
    return venue


def makers(events: list[object]) -> list[int]:
    return [event.maker for event in events if isinstance(event, Filled)]


def test_less_keeps_its_place(queue) -> None:
    (reduced,) = queue.do(replace(queue, 1, queue.first, 50_000, 0.4))
    assert reduced == OrderReduced(1, 0, queue.first.slot, queue.first.sequence, queue.first.nonce, 4 * UNIT // 10)
    position = queue.state.accounts[1].positions[0]
    assert (position.ask_quantity, position.ask_notional) == (4 * UNIT // 10, 20_000 * 10**6)
    assert makers(queue.buy(3, 50_000, 1)) == [1, 2]


@pytest.mark.parametrize(("price", "size"), [(50_000, 1.5), (50_000.1, 1), (49_999.9, 0.5)])
def test_anything_else_goes_to_the_end_of_its_price(queue, price: float, size: float) -> None:
    queue.sell(2, price, 1) if price != 50_000 else None
    removed, placed = queue.do(replace(queue, 1, queue.first, price, size))
    assert removed.cause == Removal.REPLACED
    assert (placed.price, placed.remaining) == (round(price * UNIT), round(size * UNIT))
    assert placed.sequence > queue.second.sequence
    assert queue.state.accounts[1].positions[0].ask_quantity == round(size * UNIT)
    assert makers(queue.buy(3, price, 0.5)) == [2]


def test_a_replaced_order_may_trade(queue) -> None:
    queue.buy(3, 49_000, 5)
    events = queue.do(replace(queue, 1, queue.first, 49_000, 2))
    assert makers(events) == [3]
    assert queue.state.accounts[1].positions[0].size == -2 * UNIT


def test_a_post_only_order_stays_one(queue) -> None:
    (placed,) = queue.sell(1, 51_000, 1, tif=TimeInForce.POST_ONLY)
    queue.buy(3, 49_000, 5)
    assert reason_of(queue, replace(queue, 1, placed, 49_000, 1)) == Reason.POST_ONLY_WOULD_TRADE
    (_, moved) = queue.do(replace(queue, 1, placed, 50_900, 1))
    assert queue.state.orders[0][moved.slot].time_in_force == TimeInForce.POST_ONLY


def test_what_it_reserved_counts_for_what_replaces_it(venue) -> None:
    """100,000 USD carry 19 BTC at 10 %: 18 cannot be doubled by replacing, and can be moved."""
    (placed,) = venue.sell(1, 50_000, 18)
    assert reason_of(venue, venue.order(1, 0, 1, 50_100, 18)) == Reason.INSUFFICIENT_MARGIN
    assert reason_of(venue, replace(venue, 1, placed, 50_100, 36)) == Reason.INSUFFICIENT_MARGIN
    _, moved = venue.do(replace(venue, 1, placed, 50_100, 18))
    assert moved.remaining == 18 * UNIT


def test_a_refused_replacement_leaves_the_order_alone(queue) -> None:
    account, orders = queue.state.accounts[1].encode(), [order.encode() for order in queue.state.orders[0]]
    for price, size, reason in (
        (50_000.05, 2, Reason.PRICE_OFF_TICK),
        (0, 2, Reason.PRICE_OUT_OF_RANGE),
        (44_000, 2, Reason.PRICE_OUTSIDE_BAND),
        (50_000, 0, Reason.SIZE_OUT_OF_RANGE),
        (50_000, 0.0005, Reason.SIZE_OFF_LOT),
        (50_001, 0.0005, Reason.SIZE_OUT_OF_RANGE),
        (50_000, 1, Reason.NOTHING_TO_REPLACE),
    ):
        assert reason_of(queue, replace(queue, 1, queue.first, price, size)) == reason
    assert queue.state.accounts[1].encode() == account
    assert [order.encode() for order in queue.state.orders[0]] == orders


def test_only_ones_own_live_order_in_the_book(queue) -> None:
    assert reason_of(queue, replace(queue, 2, queue.first, 50_000, 0.5)) == Reason.ORDER_UNKNOWN
    (waiting,) = queue.do(queue.order(*(1, 0, 1, 0, 1, TimeInForce.IOC), flags=OrderFlag.TRIGGER_BELOW, trigger=49_000))
    assert reason_of(queue, replace(queue, 1, waiting, 49_000, 0.5)) == Reason.NOTHING_TO_REPLACE
    (short,) = queue.sell(1, 50_500, 1, good_till=queue.state.header.clock + 1)
    set_clock(queue.state, queue.state.header.clock + 1)
    assert reason_of(queue, replace(queue, 1, short, 50_500, 0.5)) == Reason.ORDER_UNKNOWN


def test_what_is_left_is_at_least_the_minimum(venue_type) -> None:
    """Or a book could be filled with crumbs that nobody may place."""
    venue = venue_type((with_changes(venue_type.MARKETS[0], min_size=UNIT // 10),))
    venue.price(btc=50_000)
    venue.open_account(usd=100_000)
    (placed,) = venue.sell(1, 50_000, 1)
    assert reason_of(venue, replace(venue, 1, placed, 50_000, 0.099)) == Reason.SIZE_OUT_OF_RANGE
    venue.do(replace(venue, 1, placed, 50_000, 0.1))
    assert venue.state.orders[0][placed.slot].remaining == UNIT // 10


def test_good_till_time_survives_a_replacement(queue) -> None:
    until = queue.state.header.clock + 100
    (placed,) = queue.sell(1, 50_500, 1, good_till=until)
    _, moved = queue.do(replace(queue, 1, placed, 50_600, 1))
    assert queue.state.orders[0][moved.slot].expiry == until
