"""A vault runs short, who wants out waits in line, and somebody is paid for bringing what is missing."""

from decimal import Decimal

import pytest

from clearspan import Devnet, Rejected, verify_directory

RAMP_SECONDS = 3_600


def tokens(net, chain, address):
    asset = net.core.catalogue.asset(chain=chain, symbol="USDC")
    place = net.core.network.by_id[asset.chain_id]
    units = place.call(place.contract("TestToken", asset.token).functions.balanceOf(address))
    return Decimal(units) / 10**6


def test_a_short_vault_pays_its_winner_once_somebody_brings_what_is_missing(tmp_path):
    with Devnet(seed=11, directory=tmp_path, oracle_staleness_seconds=20_000) as net:
        net.set_price("BTC", "60000")
        winner = net.trader("winner", usdc=1_000)
        loser = net.trader("loser", usdc=50_000)
        provider = net.trader("provider", usdc=20_000)
        # All collateral but 1,000 lies on alpha; the winner wants out on beta.
        winner.deposit(chain="beta", asset="USDC", amount="1000").wait("credited")
        loser.deposit(chain="alpha", asset="USDC", amount="50000").wait("credited")
        provider.deposit(chain="alpha", asset="USDC", amount="500").wait("credited")
        loser.create_order(market="BTC-PERP", side="sell", amount="0.1", price="60000")
        winner.create_order(market="BTC-PERP", side="buy", amount="0.1", price="60000")
        net.set_price("BTC", "90000")
        loser.create_order(market="BTC-PERP", side="buy", amount="0.1", price="90000")
        winner.create_order(market="BTC-PERP", side="sell", amount="0.1", price="90000")
        cash = winner.fetch_balance().cash
        assert cash > 3_900

        with pytest.raises(Rejected, match="InsufficientInventory"):
            winner.withdraw(chain="beta", asset="USDC", amount="3500")
        out = winner.withdraw(chain="beta", asset="USDC", amount="3500", when_short="queue")
        assert (out.status, out.packet) == ("waiting", None)
        (waiting,) = winner.fetch_waiting()
        assert (waiting.chain, waiting.amount) == ("beta", Decimal("3496.5"))
        with pytest.raises(Rejected, match="WithdrawalsQueued"):
            loser.withdraw(chain="beta", asset="USDC", amount="1")

        (offer,) = provider.fetch_rebalance_offers()
        assert (offer.chain, offer.amount, offer.rebate) == ("beta", Decimal("2496.5"), 0)
        assert [(source.chain, source.available) for source in offer.sources] == [("alpha", 50_500)]
        net.settle()  # what was sequenced must be posted before its clock lies too far behind
        net.core.clock.advance(RAMP_SECONDS)
        loser.cancel_all_orders()  # any step moves the exchange's clock
        (offer,) = provider.fetch_rebalance_offers()
        assert offer.rebate == Decimal("2.4965")
        with pytest.raises(Rejected, match="RebateTooSmall"):
            provider.rebalance(deposit_chain="beta", withdraw_chain="alpha", amount=offer.amount, min_rebate="3")
        with pytest.raises(Rejected, match="20001000000 are needed"):
            provider.rebalance(deposit_chain="beta", withdraw_chain="alpha", amount="20001")
        brought = provider.rebalance(
            deposit_chain="beta", withdraw_chain="alpha", amount=offer.amount, min_rebate=offer.rebate
        )
        assert brought.status == "reserved"
        assert provider.fetch_balance().cash == 500 - Decimal("24.965")
        assert provider.fetch_rebalance_offers() == ()

        brought.wait("filled")
        assert provider.fetch_balance().cash == 500
        out.wait("accepted")
        assert winner.fetch_waiting() == ()
        brought.wait("finalized")
        out.wait("finalized")
        net.settle()
        assert tokens(net, "beta", provider.address) == 20_000 - offer.amount
        assert tokens(net, "alpha", provider.address) == 20_000 - 500 + offer.amount + offer.rebate
        assert tokens(net, "beta", winner.address) == Decimal("3496.5")
        assert winner.fetch_balance().cash == cash - 3_500
        root = net.core.sequencer.state.root

    answer = verify_directory(tmp_path)
    assert answer.ok, answer.reason
    assert answer.state_root == root
    assert {(row.symbol, row.chain): row.difference for row in answer.books if row.symbol == "USDC"} == {
        ("USDC", "alpha"): 0,
        ("USDC", "beta"): 0,
    }


def test_a_provider_that_does_not_deliver_loses_its_bond_and_another_one_comes(tmp_path):
    with Devnet(seed=12, directory=tmp_path) as net:
        net.set_price("BTC", "60000")
        alice, bad, good = (net.trader(name, usdc=5_000) for name in ("alice", "bad", "good"))
        for trader in (alice, bad, good):
            trader.deposit(chain="alpha", asset="USDC", amount="2000").wait("credited")
        out = alice.withdraw(chain="beta", asset="USDC", amount="1000", when_short="queue")
        gateway = net.core.gateway
        net.core.gateway.deposit, kept = lambda *_: bytes(32), gateway.deposit
        bad.rebalance(deposit_chain="beta", withdraw_chain="alpha", amount="999")
        net.core.gateway.deposit = kept
        assert good.fetch_rebalance_offers() == ()
        net.settle()
        net.core.clock.advance(7_200)
        good.deposit(chain="alpha", asset="USDC", amount="1").wait("credited")  # the queue's time moves on
        net.run_until(lambda: net.core.sequencer.state.reservations[2].status == 3)
        assert bad.fetch_balance().cash == 2_000 - Decimal("9.99")
        (offer,) = good.fetch_rebalance_offers()
        assert (offer.amount, offer.rebate) == (999, Decimal("0.999"))
        good.rebalance(deposit_chain="beta", withdraw_chain="alpha", amount="999").wait("filled")
        out.wait("finalized")
        # The run ends in the middle of everything: somebody waits, both sides of a rebalancing are set aside.
        alice.withdraw(chain="beta", asset="USDC", amount="500", when_short="queue")
        net.core.gateway.deposit = lambda *_: bytes(32)
        bad.rebalance(deposit_chain="beta", withdraw_chain="alpha", amount="400")
        net.settle()
    answer = verify_directory(tmp_path)
    assert answer.ok, answer.reason


def test_who_waits_may_take_it_from_another_chain_instead():
    with Devnet(seed=13) as net:
        alice = net.trader("alice", usdc=5_000)
        alice.deposit(chain="alpha", asset="USDC", amount="2000").wait("credited")
        out = alice.withdraw(chain="beta", asset="USDC", amount="1000", when_short="queue")
        (waiting,) = alice.fetch_waiting()
        alice.leave_queue(waiting_id=waiting.waiting_id)
        assert out.status == "left"
        with pytest.raises(Rejected, match="TransferLeft"):
            out.wait("accepted")
        assert alice.fetch_balance().cash == 1_999
        alice.withdraw(chain="alpha", asset="USDC", amount="1999").wait("finalized")
        with pytest.raises(Rejected, match="UnknownWord"):
            alice.withdraw(chain="alpha", asset="USDC", amount="1", when_short="later")
