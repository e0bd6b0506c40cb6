"""The whole way through the SDK, with every balance worked out by hand."""

import asyncio
from decimal import Decimal

import pytest

from clearspan import AsyncDevnet, Devnet, FloatAmount, Rejected, verify_directory


def token_balance(net, chain, symbol, address):
    asset = net.core.catalogue.asset(chain=chain, symbol=symbol)
    place = net.core.network.by_id[asset.chain_id]
    return place.call(place.contract("TestToken", asset.token).functions.balanceOf(address))


def test_deposit_on_one_chain_trade_withdraw_on_another(tmp_path):
    with Devnet(seed=7, directory=tmp_path) as net:
        net.set_price("BTC", "60000")
        net.set_price("ETH", "2000")
        alice = net.trader("alice", usdc=20_000, ether=10)
        bob = net.trader("bob", usdc=100_000, ether=10)

        handles = [
            alice.deposit(chain="alpha", asset="USDC", amount="10000"),
            alice.deposit(chain="beta", asset="ETH", amount="2"),
            bob.deposit(chain="beta", asset="USDC", amount=Decimal(50_000)),
        ]
        assert [handle.status for handle in handles] == ["submitted"] * 3
        for handle in handles:
            handle.wait("credited")
        balance = alice.fetch_balance()
        assert balance.cash == 10_000
        assert balance.collateral == {("ETH", "beta"): 2}
        assert balance.equity == 10_000 + 2 * 2_000 * Decimal("0.95")

        # Price and time: of two offers at one price the earlier fills first, a better price before both.
        first = bob.create_order(market="BTC-PERP", side="sell", amount="0.1", price="60000")
        second = bob.create_order(market="BTC-PERP", side="sell", amount="0.1", price="60000")
        bob.create_order(market="BTC-PERP", side="sell", amount="0.05", price="59990")
        bought = alice.create_order(market="BTC-PERP", side="buy", type="market", amount="0.2")
        assert [(fill.price, fill.size) for fill in bought.fills] == [
            (59_990, Decimal("0.05")),
            (60_000, Decimal("0.1")),
            (60_000, Decimal("0.05")),
        ]
        (left,) = bob.fetch_open_orders(market="BTC-PERP")
        assert (left.order_id, left.remaining) == (second.order_id, Decimal("0.05"))
        assert first.order_id != second.order_id
        bob.cancel_order(order_id=left.order_id)
        assert bob.fetch_order_book(market="BTC-PERP").asks == ()

        cost = Decimal("0.05") * 59_990 + Decimal("0.15") * 60_000
        taker_fee, maker_fee = cost * Decimal("0.0005"), cost * Decimal("0.0002")
        assert alice.fetch_balance().cash == 10_000 - taker_fee
        assert bob.fetch_balance().cash == 50_000 - maker_fee

        net.set_price("BTC", "61000")
        assert alice.fetch_positions()[0].unrealised == Decimal("0.2") * 61_000 - cost
        bob.create_order(market="BTC-PERP", side="buy", amount="0.2", price="61000")
        sold = alice.create_order(market="BTC-PERP", side="sell", type="market", amount="0.2")
        assert sold.average_price == 61_000
        profit = Decimal("0.2") * 61_000 - cost
        taker_fee += 12_200 * Decimal("0.0005")
        maker_fee += 12_200 * Decimal("0.0002")
        assert alice.fetch_balance().cash == 10_000 + profit - taker_fee
        assert bob.fetch_balance().cash == 50_000 - profit - maker_fee
        assert alice.fetch_positions() == bob.fetch_positions() == ()

        # Bob's USDC on beta pays alice there; her own stays in the vault on alpha.
        out = alice.withdraw(chain="beta", asset="USDC", amount="10100")
        assert (out.status, out.packet) == ("accepted", None)
        back = alice.withdraw(chain="beta", asset="ETH", amount="2")
        out.wait("finalized")
        back.wait("finalized")
        assert out.packet is not None
        assert token_balance(net, "alpha", "USDC", alice.address) == 10_000_000_000
        assert token_balance(net, "beta", "USDC", alice.address) == 30_100_000_000
        assert alice.fetch_balance().cash == 10_000 + profit - taker_fee - 10_100
        assert alice.fetch_balance().collateral == {}
        for handle in handles:
            handle.wait("finalized")
        net.settle()
        root = net.core.sequencer.state.root

    answer = verify_directory(tmp_path)
    assert answer.ok, answer.reason
    assert answer.state_root == root
    books = {(row.symbol, row.chain): row.vaults for row in answer.books}
    assert books == {
        ("USDC", "alpha"): 10_000_000_000,
        ("USDC", "beta"): 39_900_000_000,
        ("ETH", "alpha"): 0,
        ("ETH", "beta"): 0,
    }


def test_what_cannot_be_is_refused_and_changes_nothing():
    with Devnet() as net:
        net.set_price("BTC", "60000")
        alice = net.trader("alice", usdc=1_000, ether=1)
        with pytest.raises(FloatAmount):
            alice.deposit(chain="alpha", asset="USDC", amount=100.0)
        with pytest.raises(Rejected, match="TooManyDecimals"):
            alice.deposit(chain="alpha", asset="USDC", amount="0.0000001")
        with pytest.raises(Rejected, match="UnknownAsset: USDC on gamma; known: USDC on alpha"):
            alice.deposit(chain="gamma", asset="USDC", amount="1")
        with pytest.raises(Rejected, match="TransactionReverted"):
            alice.deposit(chain="alpha", asset="USDC", amount="1001")
        with pytest.raises(Rejected, match="AccountUnknown"):
            alice.create_order(market="BTC-PERP", side="buy", amount="0.01", price="60000")
        alice.deposit(chain="alpha", asset="USDC", amount="1000").wait("credited")

        order = {"market": "BTC-PERP", "side": "buy", "amount": "0.01", "price": "60000"}
        for change, reason in [
            ({"amount": 0.01}, "FloatAmount"),
            ({"price": 60_000.0}, "FloatAmount"),
            ({"price": "60000.05"}, "PriceOffTick"),
            ({"amount": "0.0015"}, "SizeOffLot"),
            ({"amount": "10"}, "InsufficientMargin"),
            ({"market": "DOGE-PERP"}, "UnknownMarket"),
            ({"side": "long"}, "UnknownWord"),
            ({"price": None}, "PriceMissing"),
            ({"type": "market"}, "PriceNotAllowed"),
            ({"price": "70000"}, "PriceOutsideBand"),
            ({"price": "99999999999"}, "OutOfRange"),
            ({"amount": "99999999999"}, "OutOfRange"),
            ({"client_id": -1}, "OutOfRange"),
            ({"client_id": 1 << 62}, "NonceTooFarAhead"),
            ({"expires_in_seconds": 1 << 64}, "OutOfRange"),
            ({"expires_in_seconds": 0}, "Expired"),
        ]:
            with pytest.raises(Rejected) as caught:
                alice.create_order(**{**order, **change})
            assert caught.value.reason == reason
        for amount, reason in [("1000.000001", "InsufficientBalance"), ("0", "NotPositive"), (1.0, "FloatAmount")]:
            with pytest.raises(Rejected) as caught:
                alice.withdraw(chain="alpha", asset="USDC", amount=amount)
            assert caught.value.reason == reason
        with pytest.raises(Rejected, match="InvalidRecipient: 'bob' is not an address"):
            alice.withdraw(chain="alpha", asset="USDC", amount="1", recipient="bob")
        with pytest.raises(Rejected, match="InsufficientInventory"):
            alice.withdraw(chain="beta", asset="USDC", amount="1")
        with pytest.raises(Rejected, match="OrderUnknown"):
            alice.cancel_order(order_id="BTC-PERP/0/1")
        assert alice.fetch_balance().cash == 1_000
        assert alice.fetch_open_orders() == ()


def test_an_order_sent_twice_under_one_client_id_is_one_order():
    with Devnet() as net:
        net.set_price("BTC", "60000")
        alice = net.trader("alice", usdc=10_000)
        alice.deposit(chain="alpha", asset="USDC", amount="10000").wait("credited")
        client_id = net.core.clock.now() * 1000
        order = {"market": "BTC-PERP", "side": "buy", "amount": "0.01", "price": "59000", "client_id": client_id}
        first = alice.create_order(**order)
        net.core.clock.advance(1)
        again = alice.create_order(**order)
        assert again.sequence == first.sequence
        assert len(alice.fetch_open_orders()) == 1
        with pytest.raises(Rejected, match="NonceUsed"):
            alice.create_order(**{**order, "amount": "0.02"})


def test_the_same_verbs_in_async_code():
    async def run():
        async with AsyncDevnet(seed=3) as net:
            await net.set_price("ETH", "2000")
            alice = await net.trader("alice", usdc=5_000)
            bob = await net.trader("bob", usdc=5_000)
            handles = await asyncio.gather(
                alice.deposit(chain="alpha", asset="USDC", amount="5000"),
                bob.deposit(chain="beta", asset="USDC", amount="5000"),
            )
            await asyncio.gather(*(handle.wait("credited") for handle in handles))
            await bob.create_order(market="ETH-PERP", side="sell", amount="1", price="2000")
            bought = await alice.create_order(market="ETH-PERP", side="buy", type="market", amount="1")
            out = await alice.withdraw(chain="beta", asset="USDC", amount="1000")
            await out.wait("finalized")
            return bought.filled, (await alice.fetch_balance()).cash, token_balance(net, "beta", "USDC", alice.address)

    assert asyncio.run(run()) == (1, 5_000 - 1 - 1_000, 6_000_000_000)
