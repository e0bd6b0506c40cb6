import asyncio

import pytest

from clearspan import AsyncDevnet, Devnet, Rejected, TimedOut
from clearspan.devnet import DevnetConfig
from clearspan.devnet.wallets import trader_wallet, wallet
from exchange.engine import assess


def heads(net):
    return [chain.head().hash for chain in net.core.network.chains]


def test_three_chains_with_ids_of_their_own_share_a_clock():
    with Devnet() as net:
        chains = net.core.network.chains
        assert [chain.name for chain in chains] == ["settlement", "alpha", "beta"]
        assert len({chain.chain_id for chain in chains}) == 3
        assert [chain.w3.eth.chain_id for chain in chains] == [chain.chain_id for chain in chains]
        assert {id(chain.clock) for chain in chains} == {id(net.core.clock)}


def test_the_same_seed_and_calls_give_the_same_chains_and_another_seed_others():
    def run(seed):
        with Devnet(seed) as net:
            net.set_price("BTC", "60000")
            net.trader("alice").deposit(chain="alpha", asset="USDC", amount="10").wait("credited")
            return heads(net), net.core.sequencer.state.root

    assert run(1) == run(1)
    first, second = run(1), run(2)
    assert all(a != b for a, b in zip([*first[0], first[1]], [*second[0], second[1]], strict=True))


@pytest.mark.parametrize(
    ("options", "reason", "detail"),
    [
        ({"challenge_second": 5}, "UnknownKey", "challenge_second: Extra inputs are not permitted"),
        ({"markets": [{"symbol": "X", "leverage": 3}]}, "UnknownKey", "markets.0.leverage"),
        ({"challenge_seconds": 0}, "BadConfig", "challenge_seconds: Input should be greater than 0"),
        ({"validators": 3}, "BadConfig", "validators: Input should be greater than or equal to 4"),
    ],
)
def test_a_configuration_it_does_not_know_is_refused(options, reason, detail):
    with pytest.raises(Rejected) as caught:
        Devnet(**options)
    assert caught.value.reason == reason
    assert detail in caught.value.detail


def test_a_configuration_it_knows_is_used():
    with Devnet(challenge_seconds=30, block_seconds=5) as net:
        assert net.core.network.deployment.parameters.challenge_seconds == 30
        before = net.core.clock.now()
        net.step()
        assert net.core.clock.now() == before + 5


def test_wallets_follow_from_seed_and_name():
    assert wallet(1, "alice").address == wallet(1, "alice").address
    assert len({wallet(seed, name).address for seed in (1, 2) for name in ("alice", "bob")}) == 4
    assert wallet(1, "1 alice").address != wallet(11, " alice").address
    assert trader_wallet(1, "owner").address != wallet(1, "owner").address


def test_stepping_is_bounded():
    with Devnet() as net:
        assert net.run_until(lambda: net.core.steps >= 3) == 3
        with pytest.raises(TimedOut, match="not reached in 2 steps"):
            net.run_until(lambda: False, max_steps=2)
        assert net.core.steps == 5


def test_at_rest_nothing_waits_to_be_posted():
    with Devnet() as net:
        net.set_price("BTC", "60000")
        assert net.settle() < 20
        assert net.core.sequencer.backlog_bytes == 0
        assert net.core.sequencer.posted_batches > 0


def test_an_unknown_underlying_has_no_price():
    with Devnet() as net:
        with pytest.raises(Rejected, match="UnknownUnderlying: DOGE; known: BTC, ETH"):
            net.set_price("DOGE", "1")
        with pytest.raises(Rejected, match="FloatAmount"):
            net.set_price("BTC", 60_000.0)


def test_a_price_the_exchange_does_not_take_is_refused():
    with Devnet() as net:
        net.set_price("BTC", "60000")
        with pytest.raises(Rejected, match="PriceRefused: BTC 120000: PriceDeviation"):
            net.set_price("BTC", "120000")
        net.set_price("BTC", "61000")


def test_prices_stay_fresh_without_anybody_setting_them():
    with Devnet(oracle_staleness_seconds=30, block_seconds=10) as net:
        net.set_price("BTC", "60000")
        reported = net.core.sequencer.state.underlyings[0].round_time
        for _ in range(6):
            net.step()
        state = net.core.sequencer.state
        assert state.underlyings[0].round_time > reported
        assert state.header.clock - state.underlyings[0].round_time <= 30


def test_a_deposit_nobody_carries_in_time_expires_and_is_paid_back():
    with Devnet() as net:
        alice = net.trader("alice", usdc=100)
        handle = alice.deposit(chain="alpha", asset="USDC", amount="40")
        net.core.clock.advance(net.core.network.deployment.parameters.max_timeout_seconds)
        with pytest.raises(Rejected, match="TransferExpired: deposit 0x"):
            handle.wait("credited")
        net.settle()
        chain = net.core.network.vaults[0]
        token = chain.contract("TestToken", net.core.catalogue.asset(chain="alpha", symbol="USDC").token)
        assert chain.call(token.functions.balanceOf(alice.address)) == 100_000_000
        with pytest.raises(Rejected, match="AccountUnknown"):
            alice.fetch_balance()


def test_the_keeper_liquidates_who_goes_under_and_leaves_others_alone():
    with Devnet() as net:
        net.set_price("BTC", "60000")
        net.set_price("ETH", "2000")
        thin, rich = net.trader("thin"), net.trader("rich")
        handles = [
            thin.deposit(chain="alpha", asset="USDC", amount="7000"),
            rich.deposit(chain="beta", asset="USDC", amount="500000"),
        ]
        for handle in handles:
            handle.wait("credited")
        rich.create_order(market="BTC-PERP", side="sell", amount="1", price="60000")
        thin.create_order(market="BTC-PERP", side="buy", amount="1", price="60000")
        rich.create_order(market="BTC-PERP", side="buy", amount="2", price="56000")
        net.set_price("BTC", "56200")
        state = net.core.sequencer.state
        margin = assess(state, thin.account)
        assert not margin.is_liquidatable
        (position,) = thin.fetch_positions()
        assert 0 < position.size < 1, "closed only as far as restores maintenance"
        assert rich.fetch_open_orders(), "the maker's orders are untouched but for what they filled"


def test_the_asynchronous_devnet_has_the_same_verbs():
    async def run():
        async with AsyncDevnet() as net:
            await net.set_price("BTC", "60000")
            alice = await net.trader("alice")
            handle = await alice.deposit(chain="alpha", asset="USDC", amount="10")
            await handle.wait("credited")
            balance = await alice.fetch_balance()
            await net.run_until(lambda: net.core.sequencer.posted_batches > 0)
            await net.settle()
            return handle.status, balance.cash

    status, cash = asyncio.run(run())
    assert (status, f"{cash}") == ("credited", "10.000000")


def test_every_public_verb_is_there_in_both_forms():
    def verbs(kind):
        return {name for name in vars(kind) if not name.startswith("_") and name != "core"}

    assert verbs(Devnet) == verbs(AsyncDevnet)


def test_the_configuration_of_the_whole_says_what_is_listed():
    listing = DevnetConfig().listing()
    assert [market.symbol for market in listing.markets] == ["BTC-PERP", "ETH-PERP"]
    assert len(listing.oracle.signers) == listing.oracle.threshold == 3
