"""Money on its way is money too: runs that were stopped at every stage still add up."""

import pytest

from clearspan import Devnet
from clearspan.verify import conservation, verify_directory

PARTS = ("vaults", "inbound", "outbound", "owed")


def book(answer, symbol, chain):
    (row,) = [row for row in answer.books if (row.symbol, row.chain) == (symbol, chain)]
    return tuple(getattr(row, part) for part in PARTS)


def total(answer, symbol):
    (row,) = [row for row in answer.totals if row.symbol == symbol]
    return tuple(getattr(row, part) for part in PARTS)


def verified(directory):
    answer = verify_directory(directory)
    assert answer.ok, answer.reason
    return answer


@pytest.fixture
def net(tmp_path):
    with Devnet(directory=tmp_path) as net:
        net.set_price("BTC", "60000")
        yield net


def test_a_deposit_is_inbound_until_a_batch_took_it(net, tmp_path):
    alice = net.trader("alice", usdc=100)
    handle = alice.deposit(chain="alpha", asset="USDC", amount=70)
    assert book(verified(tmp_path), "USDC", "alpha") == (70, 70, 0, 0)
    reader = net.core.daemons.pop("queue reader")
    handle.wait("delivered")
    net.settle()
    assert handle.status == "delivered"
    assert book(verified(tmp_path), "USDC", "alpha") == (70, 70, 0, 0)
    net.core.daemons["queue reader"] = reader
    handle.wait("finalized")
    assert book(verified(tmp_path), "USDC", "alpha") == (70, 0, 0, 70)


def test_a_withdrawal_is_outbound_until_the_vault_paid_it(net, tmp_path):
    alice, bob = net.trader("alice"), net.trader("bob")
    for handle in (
        alice.deposit(chain="alpha", asset="USDC", amount=70),
        bob.deposit(chain="beta", asset="USDC", amount=50),
    ):
        handle.wait("finalized")
    out = alice.withdraw(chain="beta", asset="USDC", amount=30)
    assert book(verified(tmp_path), "USDC", "beta") == (50, 0, 0, 50), "not posted: not yet on chain"
    for stage in ("posted", "released"):
        out.wait(stage)
        answer = verified(tmp_path)
        assert book(answer, "USDC", "beta") == (50, 0, 30, 20)
        assert book(answer, "USDC", "alpha") == (70, 0, 0, 70)
        assert total(answer, "USDC") == (120, 0, 30, 90)
    out.wait("finalized")
    answer = verified(tmp_path)
    assert book(answer, "USDC", "beta") == (20, 0, 0, 20)
    assert total(answer, "USDC") == (90, 0, 0, 90)


def test_a_deposit_that_expired_is_inbound_until_it_is_paid_back(net, tmp_path):
    alice = net.trader("alice")
    alice.deposit(chain="alpha", asset="ETH", amount=40)
    net.core.clock.advance(net.core.network.deployment.parameters.max_timeout_seconds)
    payers = {name: net.core.daemons.pop(name) for name in list(net.core.daemons) if name.startswith("payer")}
    net.settle()
    assert book(verified(tmp_path), "ETH", "alpha") == (40, 40, 0, 0)
    net.core.daemons.update(payers)
    net.settle()
    assert book(verified(tmp_path), "ETH", "alpha") == (0, 0, 0, 0)


def test_what_a_vault_lost_is_found(net, tmp_path, monkeypatch):
    alice = net.trader("alice")
    alice.deposit(chain="alpha", asset="USDC", amount=70).wait("finalized")
    honest = conservation.proven_words
    monkeypatch.setattr(
        conservation, "proven_words", lambda *words: [value - 1 if value else 0 for value in honest(*words)]
    )
    answer = verify_directory(tmp_path)
    assert answer.reason == "conservation: NotConserved: USDC on alpha by -1, USDC by -1"
