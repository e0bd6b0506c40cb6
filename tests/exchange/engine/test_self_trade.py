"""Nobody trades with itself: four modes, across all accounts of an owner, as the incoming order's account wants it."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Filled,
    OrderPlaced,
    OrderReduced,
    OrderRemoved,
    Reason,
    Rejected,
    RemainderDropped,
    Removal,
    steps,
)
from exchange.state import SelfTrade, Side, TimeInForce

UNIT = 10**8
SUB = 1 << 24 | 1


@pytest.fixture
def quoted(venue):
    """Account 1 asks for one at 50,000 and account 2 for one at 50,100."""
    venue.sell(1, 50_000, 1)
    venue.sell(2, 50_100, 1)
    return venue


def in_mode(venue, mode: SelfTrade) -> None:
    venue.do(venue.signed(steps.SET_FLAGS, 1, flags=mode))
    assert venue.state.accounts[1].flags == mode


def test_cancel_maker(quoted) -> None:
    in_mode(quoted, SelfTrade.CANCEL_MAKER)
    removed, filled = quoted.buy(1, 50_100, 1)
    assert (removed.cause, filled.maker) == (Removal.SELF_TRADE, 2)


def test_cancel_taker(quoted) -> None:
    in_mode(quoted, SelfTrade.CANCEL_TAKER)
    assert quoted.buy(1, 50_100, 2) == [RemainderDropped(1, 0, quoted.nonce, 2 * UNIT)]
    position = quoted.state.accounts[1].positions[0]
    assert (position.bid_quantity, position.ask_quantity) == (0, UNIT)


def test_cancel_taker_keeps_what_was_filled_before(quoted) -> None:
    quoted.sell(2, 49_900, 0.5)
    in_mode(quoted, SelfTrade.CANCEL_TAKER)
    filled, dropped = quoted.buy(1, 50_100, 2)
    assert (filled.size, dropped.remaining) == (UNIT // 2, 3 * UNIT // 2)


def test_cancel_both(quoted) -> None:
    in_mode(quoted, SelfTrade.CANCEL_BOTH)
    removed, dropped = quoted.buy(1, 50_100, 1)
    assert isinstance(removed, OrderRemoved)
    assert isinstance(dropped, RemainderDropped)
    assert quoted.state.accounts[1].positions == {}


@pytest.mark.parametrize("size", [0.4, 1, 1.5])
def test_decrement_takes_the_smaller_off_both(quoted, size: float) -> None:
    in_mode(quoted, SelfTrade.DECREMENT)
    events = quoted.buy(1, 50_050, size)
    left = max(0.0, 1 - size)
    assert quoted.state.markets[0].last_price == 0
    assert sum(isinstance(event, OrderReduced) for event in events) == (left > 0)
    assert sum(isinstance(event, OrderRemoved) for event in events) == (left == 0)
    assert sum(isinstance(event, OrderPlaced) for event in events) == (size > 1)
    position = quoted.state.accounts[1].positions.get(0)
    assert (position.ask_quantity if position else 0) == round(left * UNIT)
    assert (position.bid_quantity if position else 0) == round(max(0.0, size - 1) * UNIT)


@pytest.mark.parametrize("mode", list(SelfTrade))
def test_fill_or_kill_never_fills_in_part(quoted, mode: SelfTrade) -> None:
    in_mode(quoted, mode)
    step = quoted.order(1, 0, Side.BID, 50_100, 1, TimeInForce.FOK)
    if mode == SelfTrade.CANCEL_MAKER:
        assert isinstance(quoted.do(step)[-1], Filled)
        return
    with pytest.raises(Rejected) as caught:
        quoted.do(step)
    assert caught.value.reason == Reason.FILL_OR_KILL_UNFILLED


def test_accounts_of_one_owner_are_one(quoted) -> None:
    quoted.do(quoted.signed(steps.OPEN_SUB_ACCOUNT, 1, number=1))
    quoted.do(quoted.signed(steps.TRANSFER, 1, to=SUB, asset=0, amount=50_000 * 10**6))
    step = quoted.signed(
        *(steps.PLACE_ORDER, SUB),
        market=0,
        side=0,
        timeInForce=0,
        flags=0,
        price=50_000 * UNIT,
        size=UNIT,
        goodTill=0,
    )
    removed, placed = quoted.do(step)
    assert (removed.account, removed.cause) == (1, Removal.SELF_TRADE)
    assert placed.account == SUB
    assert not quoted.state.accounts[1].positions


def test_flags_that_do_not_exist_are_refused(venue) -> None:
    for flags in (8, 16, 255):
        with pytest.raises(Rejected) as caught:
            venue.do(venue.signed(steps.SET_FLAGS, 1, flags=flags))
        assert caught.value.reason == Reason.MALFORMED
