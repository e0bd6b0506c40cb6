"""Cash of the exchange for tokens on a chain, and back, at a provider's quote; whoever stops, nobody loses."""

import pytest

from bridge.swaps.guarantees import Guarantee
from clearspan import Devnet


@pytest.fixture(name="net")
def _net():
    with Devnet(inclusion_delay_seconds=60) as net:
        yield net


def prepare(net, *, alice_cash="20000", lucy_cash="20000", **options):
    """Alice with cash on the exchange, and Lucy who provides liquidity."""
    alice, lucy = net.trader("alice"), net.trader("lucy")
    lucy.deposit(chain="alpha", asset="USDC", amount=lucy_cash)
    alice.deposit(chain="alpha", asset="USDC", amount=alice_cash).wait("credited")
    return alice, lucy, net.provider("lucy", **options)


def tokens(net, chain, symbol, who):
    entry = next(entry for entry in net.core.network.deployment.vaults if entry.name == chain)
    place = net.core.network.by_id[entry.chain_id]
    if symbol == "ETH":
        return place.balance(who.address)
    token = place.contract("TestToken", net.core.network.deployment.asset_of(entry.chain_id, symbol).token)
    return place.call(token.functions.balanceOf(who.address))


def cash(trader):
    return int(trader.fetch_balance().cash * 10**6)


@pytest.mark.parametrize("guarantee", list(Guarantee))
def test_a_fast_exit(net, guarantee):
    alice, lucy, provider = prepare(net)
    had, lucy_had = tokens(net, "beta", "USDC", alice), cash(lucy)
    swap = alice.fast_exit(chain="beta", asset="USDC", cash="1000", providers=[provider], guarantee=guarantee)
    assert guarantee.value in swap.guarantees.provider
    assert "final" in swap.guarantees.customer
    swap.wait("paid")
    assert tokens(net, "beta", "USDC", alice) - had == swap.quote.takes.amount
    assert swap.quote.takes.amount + swap.quote.price.total == 1_000 * 10**6
    net.run_until(lambda: not provider._desk.book.open())
    assert cash(lucy) - lucy_had == 1_000 * 10**6
    assert cash(alice) == 19_000 * 10**6


@pytest.mark.parametrize("guarantee", list(Guarantee))
def test_a_fast_entry(net, guarantee):
    alice, lucy, provider = prepare(net)
    had, lucy_had = tokens(net, "beta", "USDC", alice), tokens(net, "beta", "USDC", lucy)
    swap = alice.fast_entry(chain="beta", asset="USDC", amount="1000", providers=[provider], guarantee=guarantee)
    assert guarantee.value in swap.guarantees.customer
    swap.wait("paid")
    assert cash(alice) == 20_000 * 10**6 + swap.quote.takes.amount
    assert had - tokens(net, "beta", "USDC", alice) == 1_000 * 10**6
    assert tokens(net, "beta", "USDC", lucy) - lucy_had == 1_000 * 10**6
