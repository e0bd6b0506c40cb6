"""All losers' collateral lies on alpha, all winners want out on beta, whose vault is short. Figures are whole USDC."""

from decimal import Decimal

import pytest

from clearspan import Devnet, Rejected, verify_directory
from tests.e2e.test_rebalancing import tokens

BETAS_CAP = 4_000
"""What leaves a vault in a day."""
DAY = 86_400


def settle_trades(net, winners, loser):
    """Each winner makes 3,000 from the loser."""
    net.set_price("BTC", "60000")
    for winner in winners:
        loser.create_order(market="BTC-PERP", side="sell", amount="0.1", price="60000")
        winner.create_order(market="BTC-PERP", side="buy", amount="0.1", price="60000")
    net.set_price("BTC", "90000")
    for winner in winners:
        loser.create_order(market="BTC-PERP", side="buy", amount="0.1", price="90000")
        winner.create_order(market="BTC-PERP", side="sell", amount="0.1", price="90000")


def tomorrow(net):
    """A day in which the daemons go on working, so that nothing that was sequenced waits too long."""
    net.settle()
    net.core.clock.advance(DAY)
    net.settle()


def test_winners_are_paid_where_they_want_in_order_or_elsewhere_by_choice(tmp_path):
    with Devnet(seed=21, directory=tmp_path, vault_cap_usdc=BETAS_CAP, oracle_staleness_seconds=4 * DAY) as net:
        loser = net.trader("loser", usdc=40_000)
        names = ("anna", "ben", "cleo", "dan")
        winners = first, second, third, fourth = [net.trader(name, usdc=1_000) for name in names]
        maker = net.trader("maker", usdc=20_000)
        loser.deposit(chain="alpha", asset="USDC", amount="40000").wait("credited")
        for winner in winners:
            winner.deposit(chain="beta", asset="USDC", amount="1000").wait("credited")
        settle_trades(net, winners, loser)
        before = [winner.fetch_balance().cash for winner in winners]
        assert all(cash > 3_900 for cash in before)

        # Beta has the winners' own 4,000 and owes 14,000: the exchange's line for beta, first come first served.
        outs = [first.withdraw(chain="beta", asset="USDC", amount="3500")]
        with pytest.raises(Rejected, match="InsufficientInventory"):
            second.withdraw(chain="beta", asset="USDC", amount="3500")
        outs += [
            winner.withdraw(chain="beta", asset="USDC", amount="3500", when_short="queue") for winner in winners[1:]
        ]
        assert [out.status for out in outs] == ["accepted", "waiting", "waiting", "waiting"]

        # Dan will not wait for beta: he leaves the line and is paid on alpha, where the losers' collateral is.
        (waiting,) = fourth.fetch_waiting()
        fourth.leave_queue(waiting_id=waiting.waiting_id)
        elsewhere = fourth.withdraw(chain="alpha", asset="USDC", amount="3400")
        elsewhere.wait("finalized")
        assert tokens(net, "alpha", fourth.address) == 1_000 + 3_400

        # New inventory comes to beta. Ben and Cleo are let out, and meet what may leave the vault in a day.
        maker.deposit(chain="beta", asset="USDC", amount="10000").wait("credited")
        for out in outs[1:3]:
            out.wait("released")
        net.settle()
        assert tokens(net, "beta", first.address) == 3_500
        assert tokens(net, "beta", second.address) == BETAS_CAP - 3_500, "paid in part"
        claims = [second.fetch_claim(outs[1]), third.fetch_claim(outs[2])]
        assert [(claim.unpaid, claim.ahead) for claim in claims] == [(Decimal("2996.5"), 0), (Decimal("3496.5"), 1)]
        assert [out.status for out in outs] == ["finalized", "released", "released", "left"]

        # Cleo takes hers from alpha instead: the unpaid part goes back to her account.
        with pytest.raises(Rejected, match="NotRecipient"):
            second.redirect(outs[2])
        cash = third.fetch_balance().cash
        third.redirect(outs[2]).wait("credited")
        assert third.fetch_balance().cash == cash + Decimal("3496.5")
        assert outs[2].status == "redirected"
        with pytest.raises(Rejected, match="NothingToRedirect"):
            third.redirect(outs[2])
        third.withdraw(chain="alpha", asset="USDC", amount="500").wait("finalized")

        # A day later the rest of Ben's leaves beta.
        tomorrow(net)
        assert outs[1].status == "finalized"
        assert tokens(net, "beta", second.address) == Decimal("3496.5")
        assert (second.fetch_claim(outs[1]), tokens(net, "beta", third.address)) == (None, 0)

        # Nobody lost anything but what waiting in line costs.
        paid = [Decimal(3500), Decimal("3496.5"), Decimal(500), Decimal(3400)]
        waited = [0, Decimal("3.5"), Decimal("3.5"), Decimal("3.5")]
        for winner, cash, taken, fee in zip(winners, before, paid, waited, strict=True):
            assert winner.fetch_balance().cash == cash - taken - fee
        net.settle()
        root = net.core.sequencer.state.root

    answer = verify_directory(tmp_path)
    assert answer.ok, answer.reason
    assert answer.state_root == root
    assert {row.difference for row in answer.books} == {0}
