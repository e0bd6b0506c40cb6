"""The trader's verbs against a real sequencer: every kind of order, in words."""

import asyncio
from decimal import Decimal

import pytest
from eth_account import Account

from exchange.engine import Signer
from exchange.sdk import (
    AssetSpec,
    AsyncTrader,
    Catalogue,
    LocalVenue,
    MarketSpec,
    NewOrder,
    OrderStatus,
    OrderType,
    Rejected,
    Replacement,
    Side,
    TimeInForce,
)
from exchange.state.order import UNTIL_CANCELLED
from tests.exchange.sequencer.venue import ETHER, PRICES, USDC, Venue

CATALOGUE = Catalogue(
    markets=(
        MarketSpec(market_id=0, name="BTC-PERP", tick=10**7, lot=10**4),
        MarketSpec(market_id=1, name="ETH-PERP", tick=10**6, lot=10**5),
    ),
    assets=(
        AssetSpec(asset_id=USDC, symbol="USDC", chain="alpha", chain_id=2002, token="0x" + "05" * 20, decimals=6),
        AssetSpec(asset_id=ETHER, symbol="ETH", chain="beta", chain_id=3003, token="0x" + "00" * 20, decimals=18),
    ),
    underlyings=("BTC", "ETH"),
)
MARKET = {"market": "BTC-PERP"}


class Desk:
    """Two traders of one venue, and a way to move the mark."""

    def __init__(self):
        self.venue = Venue(traders=3)
        self.venue.ready()
        local = LocalVenue(self.venue.sequencer, self.venue.clock.now)
        self.one, self.two = (
            AsyncTrader(
                name=f"trader {number}",
                wallet=Account.from_key(bytes([number]) * 32),
                venue=local,
                gateway=None,
                catalogue=CATALOGUE,
                advance=None,
            )
            for number in (1, 2)
        )

    @property
    def state(self):
        return self.venue.state

    def mark(self, usd):
        self.venue.clock.seconds += 1
        for step in self.venue.prices({0: usd * 10**8}):
            self.venue.sequencer.submit(step)


@pytest.fixture
def desk():
    return Desk()


def run(work):
    return asyncio.run(work)


def reason(work):
    with pytest.raises(Rejected) as caught:
        run(work)
    return caught.value.reason


def test_limit_orders_rest_and_trade(desk):
    placed = run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    assert placed.status is OrderStatus.OPEN
    taken = run(desk.two.create_order(**MARKET, side="buy", type="market", amount="0.4"))
    assert (taken.status, taken.filled, taken.average_price) == (OrderStatus.FILLED, Decimal("0.4"), Decimal(60_000))
    (left,) = run(desk.one.fetch_open_orders())
    assert left.remaining == Decimal("0.6")


def test_reduce_only(desk):
    order = {"side": "sell", "amount": "5", "price": "60000", "reduce_only": True}
    assert reason(desk.two.create_order(**MARKET, **order)) == "ReduceOnlyWouldIncrease"
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    run(desk.two.create_order(**MARKET, side="buy", amount="1", price="60000"))
    result = run(desk.two.create_order(**MARKET, **order))
    assert result.status is OrderStatus.OPEN
    (resting,) = run(desk.two.fetch_open_orders())
    assert resting.remaining == 1


def test_an_iceberg_shows_a_part(desk):
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000", display="0.1"))
    (resting,) = run(desk.one.fetch_open_orders())
    assert (resting.remaining, resting.shown) == (1, Decimal("0.1"))
    book = run(desk.two.fetch_order_book(market="BTC-PERP"))
    assert book.asks[0].size == Decimal("0.1")


def test_post_only_refuses_or_slides(desk):
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    order = {"side": "buy", "amount": "1", "price": "60100"}
    assert reason(desk.two.create_order(**MARKET, **order, time_in_force="PO")) == "PostOnlyWouldTrade"
    slid = run(desk.two.create_order(**MARKET, **order, time_in_force="PO-SLIDE"))
    assert slid.status is OrderStatus.OPEN
    (resting,) = run(desk.two.fetch_open_orders())
    assert resting.price == Decimal("59999.9")


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "mark"),
    [
        ("stop", "sell", "59000", 58_900),
        ("take_profit", "sell", "61000", 61_100),
        ("stop", "buy", "61000", 61_100),
        ("take_profit", "buy", "59000", 58_900),
    ],
)
def test_stops_and_take_profits_fire_by_themselves(desk, kind, side, trigger, mark):
    """The sequencer sends the trigger right behind the round that crossed it."""
    run(desk.two.create_order(**MARKET, side="buy", amount="2", price="57000"))
    run(desk.two.create_order(**MARKET, side="sell", amount="2", price="63000"))
    waiting = run(desk.one.create_order(**MARKET, side=side, type=kind, amount="1", trigger_price=trigger))
    assert waiting.status is OrderStatus.WAITING
    (order,) = run(desk.one.fetch_open_orders())
    assert order.trigger_price == Decimal(trigger)
    desk.mark(60_500)
    assert run(desk.one.fetch_positions()) == ()
    desk.mark(mark)
    (position,) = run(desk.one.fetch_positions())
    assert position.size == (1 if side == "buy" else -1)
    assert run(desk.one.fetch_open_orders()) == ()


def test_a_waiting_order_is_cancelled_like_any_other(desk):
    waiting = run(desk.one.create_order(**MARKET, side="sell", type="stop", amount="1", trigger_price="59000"))
    run(desk.one.cancel_order(order_id=waiting.order_id))
    assert run(desk.one.fetch_open_orders()) == ()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"type": "limit"}, "PriceMissing"),
        ({"type": "stop_limit", "trigger_price": "59000"}, "PriceMissing"),
        ({"type": "stop", "price": "59000", "trigger_price": "59000"}, "PriceNotAllowed"),
        ({"type": "stop"}, "TriggerMissing"),
        ({"type": "limit", "price": "1", "trigger_price": "2"}, "TriggerNotAllowed"),
        ({"type": "never"}, "UnknownWord"),
        ({"type": "limit", "price": "1", "time_in_force": "sometimes"}, "UnknownWord"),
    ],
)
def test_orders_that_cannot_be_meant_are_refused_before_they_are_sent(desk, order, expected):
    sequence = desk.state.header.sequence
    assert reason(desk.one.create_order(**MARKET, side="sell", amount="1", **order)) == expected
    assert desk.state.header.sequence == sequence


def test_editing_an_order(desk):
    placed = run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    less = run(desk.one.edit_order(order_id=placed.order_id, price="60000", amount="0.5"))
    assert less.order_id == placed.order_id
    moved = run(desk.one.edit_order(order_id=placed.order_id, price="60100", amount="0.7"))
    assert moved.order_id not in {None, placed.order_id}
    assert (moved.status, moved.remaining) == (OrderStatus.OPEN, Decimal("0.7"))
    assert reason(desk.one.edit_order(order_id=placed.order_id, price="60100", amount="0.7")) == "OrderUnknown"
    (resting,) = run(desk.one.fetch_open_orders())
    assert (resting.price, resting.remaining) == (Decimal(60_100), Decimal("0.7"))


def test_many_are_replaced_and_stops_placed_under_one_signature(desk):
    first, second = (
        run(desk.one.create_order(**MARKET, side="sell", amount="1", price=price)) for price in ("61000", "62000")
    )
    stop = NewOrder(
        market="BTC-PERP", side=Side.BUY, amount="0.2", type=OrderType.STOP_LIMIT, price="63500", trigger_price="63000"
    )
    replacements = [
        Replacement(order_id=first.order_id, price="61000", amount="0.4"),
        Replacement(order_id=second.order_id, price="62500", amount="2"),
    ]
    less, moved, waiting = run(desk.one.create_orders(replacements=replacements, orders=[stop]))
    assert (less.order_id, less.client_id, less.remaining) == (first.order_id, first.client_id, Decimal("0.4"))
    assert moved.order_id not in {None, second.order_id}
    assert (moved.status, moved.remaining) == (OrderStatus.OPEN, Decimal(2))
    assert waiting.status is OrderStatus.WAITING
    held = {(order.order_id, order.price, order.remaining) for order in run(desk.one.fetch_open_orders())}
    assert held >= {(first.order_id, Decimal(61_000), Decimal("0.4")), (moved.order_id, Decimal(62_500), Decimal(2))}
    assert reason(desk.one.create_orders(replacements=replacements)) == "OrderUnknown"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"type": OrderType.MARKET}, "MarketOrderInBulk"),
        ({"type": OrderType.STOP}, "TriggerMissing"),
        ({"type": OrderType.STOP, "price": "1", "trigger_price": "63000"}, "PriceNotAllowed"),
        ({"type": OrderType.STOP, "trigger_price": "63000", "display": "0.1"}, "DisplayNotAllowed"),
        ({}, "PriceMissing"),
    ],
)
def test_an_order_of_a_bulk_has_the_fields_of_its_type(desk, fields, error):
    order = NewOrder(market="BTC-PERP", side=Side.BUY, amount="0.2", **fields)
    assert reason(desk.one.create_orders(orders=[order])) == error


def test_many_at_once_under_one_signature(desk):
    placed = run(desk.one.create_order(**MARKET, side="sell", amount="1", price="61000"))
    orders = [NewOrder(market="BTC-PERP", side=Side.SELL, amount="0.1", price=str(60_000 + 10 * n)) for n in range(20)]
    orders.insert(3, NewOrder(market="BTC-PERP", side=Side.SELL, amount="0.1", price="60000.05"))
    orders.append(NewOrder(market="ETH-PERP", side=Side.BUY, amount="1", price="2900", reduce_only=True))
    outcomes = run(desk.one.create_orders(orders=orders, cancels=[placed.order_id, "BTC-PERP/77/77"]))
    assert outcomes[0] is None
    assert isinstance(outcomes[1], Rejected)
    statuses = [outcome.reason if isinstance(outcome, Rejected) else outcome.status for outcome in outcomes[2:]]
    assert statuses == [OrderStatus.OPEN] * 3 + ["PriceOffTick"] + [OrderStatus.OPEN] * 17 + ["ReduceOnlyWouldIncrease"]
    assert len(run(desk.one.fetch_open_orders())) == 20
    assert desk.state.header.envelope_account == 0


def test_a_bulk_that_trades_says_what_each_order_filled(desk):
    for n in range(12):
        run(desk.two.create_order(**MARKET, side="sell", amount="0.1", price=str(60_000 + n)))
    orders = [
        NewOrder(market="BTC-PERP", side=Side.BUY, amount="1", price="60020"),
        NewOrder(market="BTC-PERP", side=Side.BUY, amount="1", price="60020", time_in_force=TimeInForce.IOC),
    ]
    first, second = run(desk.one.create_orders(orders=orders))
    assert (first.status, first.filled) == (OrderStatus.FILLED, 1)
    assert (second.status, second.filled) == (OrderStatus.CANCELLED, Decimal("0.2"))


def test_sent_twice_under_one_client_id_is_there_once(desk):
    order = {"side": "sell", "amount": "1", "price": "60000", "client_id": desk.venue.clock.now() * 1000 + 5}
    first = run(desk.one.create_order(**MARKET, **order))
    again = run(desk.one.create_order(**MARKET, **order))
    assert first.sequence == again.sequence
    assert len(run(desk.one.fetch_open_orders())) == 1
    other = {**order, "amount": "2"}
    assert reason(desk.one.create_order(**MARKET, **other)) == "NonceUsed"


def test_cancelling_by_client_id_before_and_after_it_arrives(desk):
    early = desk.venue.clock.now() * 1000 + 5
    run(desk.one.cancel_client_order(market="BTC-PERP", client_id=early))
    order = {"side": "sell", "amount": "1", "price": "60000"}
    assert reason(desk.one.create_order(**MARKET, **order, client_id=early)) == "NonceUsed"
    run(desk.one.create_order(**MARKET, **order, client_id=early + 1))
    run(desk.one.cancel_client_order(market="BTC-PERP", client_id=early + 1))
    assert run(desk.one.fetch_open_orders()) == ()


def test_a_dead_man_switch(desk):
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    run(desk.one.cancel_all_orders_after(seconds=10))
    desk.venue.clock.seconds += 11
    desk.mark(60_000)
    assert run(desk.one.fetch_open_orders()) == ()
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60100"))
    assert len(run(desk.one.fetch_open_orders())) == 1
    run(desk.one.cancel_all_orders_after(seconds=10))
    run(desk.one.cancel_all_orders_after(seconds=None))
    desk.venue.clock.seconds += 11
    desk.mark(60_000)
    assert len(run(desk.one.fetch_open_orders())) == 1


def test_dead_orders_do_not_keep_a_fill_or_kill_out(desk):
    for _ in range(10):
        run(desk.one.create_order(**MARKET, side="sell", amount="0.1", price="60000"))
    run(desk.one.cancel_all_orders())
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60100"))
    taken = run(desk.two.create_order(**MARKET, side="buy", amount="0.5", price="60100", time_in_force="FOK"))
    assert taken.status is OrderStatus.FILLED


def test_a_session_key_trades_and_no_more(desk):
    private = b"\x55" * 32
    address = "0x" + Signer(private).address.hex()
    key = run(desk.one.create_session_key(address=address, scopes=["trade", "cancel"]))
    desk.one.use_session_key(private_key=private, key_id=key)
    placed = run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    run(desk.one.cancel_order(order_id=placed.order_id))
    run(desk.one.remove_session_key(address=address))
    assert reason(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000")) == "KeyUnknown"
    desk.one.use_owner_key()
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))


def test_sub_accounts_have_their_own_money(desk):
    sub = run(desk.one.create_sub_account(number=2))
    assert run(sub.account()) == 2 << 24 | 1
    assert reason(sub.create_order(**MARKET, side="sell", amount="1", price="60000")) == "InsufficientMargin"
    run(desk.one.transfer(chain="alpha", asset="USDC", amount="50000", to=2))
    assert run(sub.fetch_balance()).cash == 50_000
    run(sub.create_order(**MARKET, side="sell", amount="1", price="60000"))
    assert run(desk.one.fetch_open_orders()) == ()
    run(sub.transfer(chain="alpha", asset="USDC", amount="1000", to=0))
    assert run(sub.fetch_balance()).cash == 49_000


def test_self_trade_modes_in_words(desk):
    run(desk.one.set_self_trade(mode="cancel incoming"))
    run(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000"))
    own = run(desk.one.create_order(**MARKET, side="buy", amount="1", price="60000"))
    assert (own.status, own.filled) == (OrderStatus.CANCELLED, 0)
    assert reason(desk.one.set_self_trade(mode="whatever")) == "UnknownWord"


def test_market_maker_protection_in_words(desk):
    run(desk.one.set_market_maker_protection(limit="50000", window_seconds=10, freeze_seconds=30))
    for price in ("60000", "60100"):
        run(desk.one.create_order(**MARKET, side="sell", amount="1", price=price))
    taken = run(desk.two.create_order(**MARKET, side="buy", amount="2", price="60200", time_in_force="IOC"))
    assert taken.filled == 1
    assert reason(desk.one.create_order(**MARKET, side="sell", amount="1", price="60000")) == "ProtectionFrozen"


def test_the_signature_may_end_before_the_order(desk):
    order = {"side": "sell", "amount": "1", "price": "60000", "valid_for_seconds": 5, "expires_in_seconds": 600}
    run(desk.one.create_order(**MARKET, **order))
    (leaf,) = [leaf for leaf in desk.state.orders[0] if leaf.account == 1]
    assert leaf.expiry == desk.venue.clock.now() + 600 < UNTIL_CANCELLED
    assert PRICES[0] == 60_000 * 10**8
