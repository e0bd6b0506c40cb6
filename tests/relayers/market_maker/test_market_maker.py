"""Quotes on both sides, within limits, and none where there is no price; then on a whole devnet."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearspan import Devnet
from relayers.market_maker import MarketMaker, Placement, QuotePolicy, Resting, desired, difference
from relayers.reports import Did, WaitsFor

POLICY = QuotePolicy(tick=Decimal("0.1"), lot=Decimal("0.001"), size=Decimal("0.5"), inventory_max=Decimal(2), levels=2)
MARK = Decimal(60_000)


def test_both_sides_around_the_mark():
    quotes = desired(POLICY, mark=MARK, inventory=Decimal(0))
    assert [(quote.side, quote.price, quote.size) for quote in quotes] == [
        ("buy", Decimal("59970.0"), Decimal("0.500")),
        ("buy", Decimal("59940.0"), Decimal("0.500")),
        ("sell", Decimal("60030.0"), Decimal("0.500")),
        ("sell", Decimal("60060.0"), Decimal("0.500")),
    ]


@given(
    mark=st.decimals(min_value="0.5", max_value="1e6", places=4),
    inventory=st.decimals(min_value=-3, max_value=3, places=3),
    levels=st.integers(min_value=1, max_value=6),
)
def test_quotes_never_cross_and_never_exceed_the_inventory(mark, inventory, levels):
    policy = QuotePolicy(
        tick=Decimal("0.0001"), lot=Decimal("0.001"), size=Decimal("0.7"), inventory_max=Decimal(2), levels=levels
    )
    quotes = desired(policy, mark=mark, inventory=inventory)
    bids = [quote for quote in quotes if quote.side == "buy"]
    asks = [quote for quote in quotes if quote.side == "sell"]
    if bids and asks:
        assert bids[0].price < asks[0].price
    assert inventory + sum(bid.size for bid in bids) <= max(policy.inventory_max, inventory)
    assert inventory - sum(ask.size for ask in asks) >= min(-policy.inventory_max, inventory)
    assert all(quote.price % policy.tick == 0 and quote.size % policy.lot == 0 for quote in quotes)


def test_a_full_inventory_quotes_one_side_and_leans_against_it():
    full = desired(POLICY, mark=MARK, inventory=Decimal(2))
    assert {quote.side for quote in full} == {"sell"}
    flat = desired(POLICY, mark=MARK, inventory=Decimal(0))
    assert full[0].price < next(quote.price for quote in flat if quote.side == "sell")


def test_an_order_that_is_near_enough_keeps_its_place():
    wanted = desired(POLICY, mark=MARK, inventory=Decimal(0))
    resting = [
        Resting(order_id=str(number), side=quote.side, price=quote.price + Decimal(1), remaining=quote.size)
        for number, quote in enumerate(wanted)
    ]
    assert difference(POLICY, resting, wanted, mark=MARK) == ([], [])
    moved = desired(POLICY, mark=MARK * 2, inventory=Decimal(0))
    assert difference(POLICY, resting, moved, mark=MARK * 2) == (["0", "1", "2", "3"], moved)


def test_an_order_that_was_partly_filled_is_replaced():
    (bid, *_) = wanted = desired(POLICY, mark=MARK, inventory=Decimal(0))
    resting = [Resting(order_id="x", side="buy", price=bid.price, remaining=Decimal("0.1"))]
    cancels, places = difference(POLICY, resting, wanted, mark=MARK)
    assert cancels == ["x"]
    assert Placement(side="buy", price=bid.price, size=bid.size) in places


@pytest.mark.parametrize("wrong", [{"size": Decimal(0)}, {"levels": 0}, {"half_spread": Decimal(-1)}])
def test_a_policy_that_cannot_be(wrong):
    fields = {"tick": Decimal(1), "lot": Decimal(1), "size": Decimal(1), "inventory_max": Decimal(1), **wrong}
    with pytest.raises(ValueError, match="positive"):
        QuotePolicy(**fields)


class Marks:
    """What a test says a market is worth."""

    def __init__(self):
        self.prices = {}

    def mark(self, market):
        return self.prices.get(market)


def test_on_a_devnet_it_makes_a_market():
    marks = Marks()
    with Devnet(seed=3) as net:
        net.set_price("BTC", "60000")
        maker, taker = net.trader("maker"), net.trader("taker")
        for trader in (maker, taker):
            trader.deposit(chain="alpha", asset="USDC", amount="200000").wait("credited")
        daemon = MarketMaker(maker, marks, {"BTC-PERP": POLICY})
        assert [wait.waits_for for wait in daemon.step().waiting] == [WaitsFor.PRICE]
        assert maker.fetch_open_orders() == ()
        marks.prices["BTC-PERP"] = Decimal(60_000)
        assert daemon.step().count(Did.SUBMITTED) == 4
        assert daemon.step().did == 0
        book = taker.fetch_order_book(market="BTC-PERP")
        assert (book.bids[0].price, book.asks[0].price) == (Decimal(59_970), Decimal(60_030))
        filled = taker.create_order(market="BTC-PERP", side="buy", type="market", amount="0.5")
        assert filled.filled == Decimal("0.5")
        report = daemon.step()
        assert report.count(Did.FAILED) == 0
        (position,) = maker.fetch_positions()
        assert position.size == Decimal("-0.5")
        orders = maker.fetch_open_orders()
        assert len(orders) == 4
        assert sum(order.remaining for order in orders if order.side.value == "sell") <= Decimal("1.5")
        daemon.withdraw_quotes()
        assert maker.fetch_open_orders() == ()
