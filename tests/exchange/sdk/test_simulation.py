"""What a trader is told before it acts is what then happens, refusals included, and asking changes nothing."""

import asyncio
from decimal import Decimal

import pytest

from exchange.sdk import FloatAmount, Rejected
from tests.exchange.sdk.test_trading import Desk

BTC = {"market": "BTC-PERP"}


@pytest.fixture(name="desk")
def _desk():
    return Desk()


def run(work):
    return asyncio.run(work)


def root(desk):
    return desk.state.root


def test_an_order_is_told_as_it_would_fill(desk):
    run(desk.two.create_order(**BTC, side="sell", amount="0.2", price="60000"))
    run(desk.two.create_order(**BTC, side="sell", amount="0.2", price="60010"))
    before, height = run(desk.one.fetch_balance()), desk.state.header.sequence
    asked = {**BTC, "side": "buy", "type": "market", "amount": "0.3"}
    told = run(desk.one.simulate_order(**asked))
    assert told.ok
    assert (run(desk.one.fetch_balance()), desk.state.header.sequence) == (before, height)
    done = run(desk.one.create_order(**asked))
    assert [(fill.price, fill.size) for fill in told.order.fills] == [(fill.price, fill.size) for fill in done.fills]
    assert told.order.filled == done.filled == Decimal("0.3")
    after = run(desk.one.fetch_balance())
    assert (told.before.equity, told.after.equity) == (before.equity, after.equity)
    assert (told.after.initial, told.after.maintenance) == (after.initial_margin, after.maintenance_margin)
    assert told.after.transfer > told.after.maintenance > 0
    assert told.after.withdrawable == after.withdrawable


def test_more_makers_than_a_step_takes_are_all_in_the_answer(desk):
    for _ in range(20):
        run(desk.two.create_order(**BTC, side="sell", amount="0.01", price="60000"))
    asked = {**BTC, "side": "buy", "amount": "0.2", "price": "60000"}
    told = run(desk.one.simulate_order(**asked))
    assert told.order.filled == Decimal("0.2")
    assert len(told.order.fills) == 20
    assert run(desk.one.create_order(**asked)).filled == Decimal("0.2")


@pytest.mark.parametrize(
    "asked",
    [
        {"amount": "10000", "price": "60000"},
        {"amount": "0.1", "price": "90000"},
        {"amount": "0.00001", "price": "60000"},
        {"amount": "0.1", "price": "60000", "time_in_force": "FOK"},
    ],
)
def test_it_says_why_an_order_would_be_refused(desk, asked):
    told = run(desk.one.simulate_order(**BTC, side="buy", **asked))
    assert not told.ok
    assert told.order is None
    assert told.after == told.before
    with pytest.raises(Rejected) as refused:
        run(desk.one.create_order(**BTC, side="buy", **asked))
    assert told.reason == refused.value.reason


def test_a_foreign_session_key_is_found_out(desk):
    desk.one.use_session_key(private_key=b"\x66" * 32, key_id=5)
    told = run(desk.one.simulate_order(**BTC, side="buy", amount="0.1", price="60000"))
    with pytest.raises(Rejected) as refused:
        run(desk.one.create_order(**BTC, side="buy", amount="0.1", price="60000"))
    assert told.reason == refused.value.reason


def test_a_withdrawal_and_why_not(desk):
    run(desk.two.create_order(**BTC, side="sell", amount="1", price="60000"))
    run(desk.one.create_order(**BTC, side="buy", amount="1", price="60000"))
    free = run(desk.one.fetch_balance()).withdrawable
    told = run(desk.one.simulate_withdrawal(chain="alpha", asset="USDC", amount=free))
    assert told.ok
    assert told.before.equity - told.after.equity == free
    assert told.after.withdrawable == 0
    assert told.order is None
    too_much = run(desk.one.simulate_withdrawal(chain="alpha", asset="USDC", amount=free + 1, when_short="refuse"))
    assert (too_much.reason, too_much.after) == ("InsufficientMargin", too_much.before)
    with pytest.raises(FloatAmount):
        run(desk.one.simulate_withdrawal(chain="alpha", asset="USDC", amount=1.0))


def test_the_liquidation_price_is_where_the_keeper_could_begin(desk):
    run(desk.two.create_order(**BTC, side="sell", amount="100", price="60000"))
    told = run(desk.one.simulate_order(**BTC, side="buy", amount="100", price="60000"))
    (row,) = told.liquidation
    assert (row.underlying, row.above) == ("BTC", None)
    run(desk.one.create_order(**BTC, side="buy", amount="100", price="60000"))
    for price, short in ((row.below, True), (row.below + Decimal("0.00000001"), False)):
        moved = run(desk.one.simulate_prices({"BTC": price}))
        assert (moved.after.equity < moved.after.maintenance) == short
        assert moved.before == told.after
    # The other side's is above.
    (row,) = run(desk.two.simulate_prices({})).liquidation
    assert row.below is None
    moved = run(desk.two.simulate_prices({"BTC": row.above}))
    assert moved.after.equity < moved.after.maintenance


def test_names_and_prices_are_checked(desk):
    with pytest.raises(Rejected, match="UnknownUnderlying"):
        run(desk.one.simulate_prices({"DOGE": "1"}))
    with pytest.raises(Rejected, match="NotPositive"):
        run(desk.one.simulate_prices({"BTC": "0"}))
