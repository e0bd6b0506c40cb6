"""Icebergs show a part and refresh it behind the queue."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Filled,
    Level,
    OrderPlaced,
    OrderReduced,
    OrderRefreshed,
    Reason,
    RegisterOpened,
    Rejected,
    depth,
    open_orders,
    steps,
)
from exchange.state import SelfTrade, Side, TimeInForce

UNIT = 10**8


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def makers(events: list[object]) -> list[tuple[int, int]]:
    """(maker, hundredths) of each fill."""
    return [(event.maker, event.size * 100 // UNIT) for event in events if isinstance(event, Filled)]


@pytest.fixture
def rich(venue):
    venue.open_account(usd=10_000_000)
    return venue


def test_the_book_shows_a_part_and_margin_counts_all(rich) -> None:
    (placed,) = rich.sell(1, 50_000, 1, display=0.25)
    assert (placed.remaining, placed.price) == (UNIT, 50_000 * UNIT)
    assert depth(rich.state, 0).asks == (Level(price=50_000 * UNIT, size=UNIT // 4, orders=1),)
    assert rich.state.accounts[1].positions[0].ask_quantity == UNIT
    (order,) = open_orders(rich.state, 1)
    assert (order.remaining, order.shown) == (UNIT, UNIT // 4)


def test_a_refresh_loses_its_place_and_keeps_its_name(rich) -> None:
    (berg,) = rich.sell(1, 50_000, 1, display=0.25)
    rich.sell(2, 50_000, 0.5)
    events = rich.buy(3, 50_000, 0.9)
    assert makers(events) == [(1, 25), (2, 50), (1, 15)]
    assert [event for event in events if isinstance(event, OrderRefreshed)] == [
        OrderRefreshed(1, 0, berg.slot, berg.sequence, UNIT // 4)
    ]
    (removed,) = rich.do(rich.cancel(1, 0, berg.slot, berg.sequence))
    assert removed.remaining == 60 * UNIT // 100
    assert rich.state.accounts[1].positions[0].ask_quantity == 0


def test_the_last_part_is_what_is_left(rich) -> None:
    rich.sell(1, 50_000, 1, display=0.4)
    assert makers(rich.buy(3, 50_000, 1)) == [(1, 40), (1, 40), (1, 20)]
    assert rich.state.markets[0].best_ask == 0


def test_refreshes_count_towards_the_eight(rich) -> None:
    rich.sell(1, 50_000, 1, display=0.1)
    events = rich.buy(3, 50_000, 1)
    assert makers(events) == [(1, 10)] * 4
    assert isinstance(events[-1], RegisterOpened)
    filled = 4
    while rich.state.markets[0].register:
        events = rich.do(steps.continue_register(0))
        touched = len(makers(events)) + sum(isinstance(event, OrderRefreshed) for event in events)
        assert touched <= 8
        filled += len(makers(events))
    assert filled == 10


def test_a_touch_that_would_need_a_refresh_is_left_for_the_next_step(rich) -> None:
    for _ in range(7):
        rich.sell(2, 49_900, 0.01)
    rich.sell(1, 50_000, 1, display=0.1)
    events = rich.buy(3, 50_000, 0.17)
    assert makers(events) == [(2, 1)] * 7
    assert isinstance(events[-1], RegisterOpened)
    assert makers(rich.do(steps.continue_register(0))) == [(1, 10)]


def test_an_iceberg_takes_with_all_of_it_and_hides_what_rests(rich) -> None:
    rich.sell(1, 50_000, 0.5)
    events = rich.buy(3, 50_000, 2, display=0.1)
    assert makers(events) == [(1, 50)]
    assert isinstance(events[-1], OrderPlaced)
    assert depth(rich.state, 0).bids[0].size == UNIT // 10
    assert rich.state.accounts[3].positions[0].bid_quantity == 150 * UNIT // 100


def test_fill_or_kill_is_sure_only_of_what_an_iceberg_shows(rich) -> None:
    rich.sell(1, 50_000, 1, display=0.25)
    rich.sell(2, 50_000, 1)
    step = rich.order(3, 0, Side.BID, 50_000, 0.26, TimeInForce.FOK)
    assert reason_of(rich, step) == Reason.FILL_OR_KILL_UNFILLED
    assert makers(rich.buy(3, 50_000, 0.25, tif=TimeInForce.FOK)) == [(1, 25)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"display": 1}, Reason.DISPLAY_INVALID),
        ({"display": 2}, Reason.DISPLAY_INVALID),
        ({"display": 0.0005}, Reason.DISPLAY_INVALID),
        ({"display": 0.1005}, Reason.DISPLAY_INVALID),
        ({"tif": TimeInForce.IOC}, Reason.DISPLAY_INVALID),
        ({"tif": TimeInForce.FOK}, Reason.DISPLAY_INVALID),
    ],
)
def test_displays_that_break_a_rule(rich, change: dict[str, object], reason: Reason) -> None:
    order = {"account": 1, "market": 0, "side": Side.ASK, "price": 50_000, "size": 1, "display": 0.1}
    rich.do(rich.order(**order))
    assert reason_of(rich, rich.order(**{**order, **change})) == reason


def test_what_is_hidden_goes_first_when_the_owner_takes_less(rich) -> None:
    (berg,) = rich.sell(1, 50_000, 1, display=0.25)
    rich.sell(2, 50_000, 1)
    (reduced,) = rich.do(
        rich.signed(
            steps.REPLACE, 1, market=0, slot=berg.slot, sequence=berg.sequence, price=50_000 * UNIT, size=UNIT // 2
        )
    )
    assert reduced == OrderReduced(1, 0, berg.slot, berg.sequence, berg.nonce, UNIT // 2)
    assert makers(rich.buy(3, 50_000, 0.3)) == [(1, 25), (2, 5)]


def test_decrement_eats_the_hidden_part_first(rich) -> None:
    rich.do(rich.signed(steps.SET_FLAGS, 1, flags=SelfTrade.DECREMENT))
    (berg,) = rich.sell(1, 50_000, 1, display=0.25)
    events = rich.buy(1, 50_000, 0.9)
    assert events == [OrderReduced(1, 0, berg.slot, berg.sequence, berg.nonce, UNIT // 10)]
    assert depth(rich.state, 0).asks[0].size == UNIT // 10
