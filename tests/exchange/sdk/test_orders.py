from decimal import Decimal

import pytest

from exchange.engine import Filled, OrderPlaced, RemainderDropped
from exchange.sdk.catalogue import MarketSpec
from exchange.sdk.errors import FloatAmount, InvalidAmount, Rejected
from exchange.sdk.orders import order_result, parse_order_id, price_bound
from exchange.sdk.results import Fill, OrderResult, OrderStatus, Side

BTC = MarketSpec(market_id=0, name="BTC-PERP", tick=10_000_000, lot=100_000)
USD = 10**8


@pytest.mark.parametrize(
    ("side", "reference", "slippage", "bound"),
    [
        (Side.BUY, 60_000 * USD, "0.01", 60_600 * USD),
        (Side.SELL, 60_000 * USD, "0.01", 59_400 * USD),
        (Side.BUY, 60_000 * USD + 1, "0.01", 60_600 * USD),
        (Side.SELL, 60_000 * USD + 1, "0.01", 59_400 * USD + 10_000_000),
        (Side.BUY, 60_000 * USD, 1, 60_000 * USD),
        (Side.SELL, 60_000 * USD, 1, 60_000 * USD),
    ],
)
def test_the_bound_of_a_market_order_is_never_worse_than_asked_for(side, reference, slippage, bound):
    assert price_bound(BTC, side, reference, slippage) == bound
    assert bound % BTC.tick == 0


@pytest.mark.parametrize(
    ("slippage", "error"),
    [
        (0.01, FloatAmount),
        ("0", InvalidAmount),
        ("1", InvalidAmount),
        ("1.5", InvalidAmount),
        ("0.0000001", InvalidAmount),
    ],
)
def test_a_slippage_that_cannot_be_meant_is_refused(slippage, error):
    with pytest.raises(error):
        price_bound(BTC, Side.BUY, 60_000 * USD, slippage)


def filled(**changes):
    fields = {
        "market": 0,
        "price": 60_000 * USD,
        "size": 50_000_000,
        "taker": 1,
        "taker_side": 0,
        "taker_nonce": 7,
        "taker_fee": 0,
        "maker": 2,
        "maker_slot": 0,
        "maker_sequence": 1,
        "maker_nonce": 3,
        "maker_remaining": 0,
        "maker_fee": 0,
        "liquidation": False,
    }
    return Filled(**{**fields, **changes})


def result_of(*events, size=USD):
    return order_result(BTC, account=1, side=Side.BUY, size=size, nonce=7, sequence=12, events=events)


def test_what_filled_and_what_rests_is_told_apart():
    placed = OrderPlaced(
        account=1, market=0, slot=4, sequence=9, side=0, price=60_100 * USD, remaining=25_000_000, nonce=7
    )
    second = filled(price=60_100 * USD, size=25_000_000)
    assert result_of(filled(), second, placed) == OrderResult(
        market="BTC-PERP",
        side=Side.BUY,
        status=OrderStatus.OPEN,
        order_id="BTC-PERP/4/9",
        client_id=7,
        sequence=12,
        filled=Decimal("0.75"),
        remaining=Decimal("0.25"),
        average_price=Decimal("60033.33333333"),
        fills=(Fill(price=Decimal(60_000), size=Decimal("0.5")), Fill(price=Decimal(60_100), size=Decimal("0.25"))),
    )


def test_fills_of_others_in_the_same_events_do_not_count():
    answer = result_of(
        filled(taker=5), filled(taker_nonce=8), RemainderDropped(account=1, market=0, nonce=7, remaining=USD)
    )
    assert (answer.status, answer.filled, answer.remaining, answer.average_price) == (
        OrderStatus.CANCELLED,
        Decimal(0),
        Decimal(1),
        None,
    )


def test_a_whole_fill_is_filled():
    assert result_of(filled(size=USD)).status is OrderStatus.FILLED


def test_an_order_id_leads_back():
    assert parse_order_id("BTC-PERP/4/9") == ("BTC-PERP", 4, 9)


@pytest.mark.parametrize("text", ["", "BTC-PERP", "BTC-PERP/4", "BTC-PERP/4/", "BTC-PERP/-1/2", "BTC-PERP/1/2/3"])
def test_anything_else_is_no_order_id(text):
    with pytest.raises(Rejected, match="BadOrderId"):
        parse_order_id(text)
