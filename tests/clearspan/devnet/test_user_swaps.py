"""Two users of a devnet swap ether on one chain for dollars on another, with the SDK."""

from decimal import Decimal

import pytest

from bridge.swaps.status import SwapStatus
from clearspan import Devnet, Rejected

ETHER, DOLLARS = 10**18, 3_000 * 10**6
TERMS = {
    "give_chain": "alpha",
    "give_asset": "ETH",
    "give_amount": "1",
    "take_chain": "beta",
    "take_asset": "USDC",
    "take_amount": Decimal(3000),
}


@pytest.fixture(name="net")
def _net():
    with Devnet() as net:
        yield net


def dollars(net, trader):
    chain = net.core.network.by_id[net.core.config.vault_chain_ids[1]]
    token = chain.contract("TestToken", net.core.network.deployment.asset_of(chain.chain_id, "USDC").token)
    return chain.call(token.functions.balanceOf(trader.address))


def ether(net, trader):
    return net.core.network.by_id[net.core.config.vault_chain_ids[0]].balance(trader.address)


def test_ether_for_dollars_between_two_wallets(net, tmp_path):
    alice, bob = net.trader("alice"), net.trader("bob")
    before = {who.name: (ether(net, who), dollars(net, who)) for who in (alice, bob)}
    proposed = alice.propose_swap(**TERMS, counterparty=bob.address)
    assert proposed.status is SwapStatus.AGREED or proposed.status is SwapStatus.LOCKED
    proposed.save(tmp_path / "terms.json")
    preimage = alice.swaps.book.get(proposed.hashlock).preimage
    assert preimage.hex() not in (tmp_path / "terms.json").read_text()
    accepted = bob.accept_swap(tmp_path / "terms.json")
    assert accepted.agreement == proposed.agreement
    proposed.wait("matched")
    proposed.wait("paid")
    accepted.wait("paid")
    after = {who.name: (ether(net, who), dollars(net, who)) for who in (alice, bob)}
    assert after["alice"][1] - before["alice"][1] == DOLLARS
    assert after["bob"][1] - before["bob"][1] == -DOLLARS
    fees = 10**16
    assert -ETHER - fees < after["alice"][0] - before["alice"][0] <= -ETHER + 10**15
    assert abs(after["bob"][0] - before["bob"][0] - ETHER) < fees
    assert [swap.status for swap in bob.fetch_swaps()] == [SwapStatus.PAID]


def test_who_is_not_followed_gets_it_back(net):
    alice, bob = net.trader("alice"), net.trader("bob")
    proposed = alice.propose_swap(**TERMS, counterparty=bob.address)
    proposed.wait("returned")
    with pytest.raises(Rejected, match="SwapReturned"):
        proposed.wait("paid")


def test_terms_that_are_not_acceptable_are_refused_before_anything_is_locked(net):
    alice, bob, carol = (net.trader(name) for name in ("alice", "bob", "carol"))
    proposed = alice.propose_swap(**TERMS, counterparty=bob.address)
    with pytest.raises(Rejected, match="NotForThisWallet"):
        carol.accept_swap(proposed.agreement)
    bob.accept_swap(proposed.agreement)
    with pytest.raises(Rejected, match="HashUsed"):
        bob.accept_swap(proposed.agreement)
    net.core.clock.advance(60)
    late = alice.propose_swap(**TERMS, counterparty=bob.address)
    net.core.clock.advance(40)
    with pytest.raises(Rejected, match="NoRoomToLock"):
        bob.accept_swap(late.agreement)
    with pytest.raises(Rejected, match="InvalidCounterparty"):
        alice.propose_swap(**TERMS, counterparty="bob")
