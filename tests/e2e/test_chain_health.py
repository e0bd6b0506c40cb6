"""A vault chain's validators sign two blocks of one height: what the exchange does until the chain is trusted again."""

from decimal import Decimal

import pytest

from bridge.clients import ClientParameters, constructor_arguments, encode_update
from bridge.settlement import ForcedQueue, ItemKind
from clearspan import Devnet, Rejected, verify_directory
from tests.contracts.following import keys_of

ROUTE_FIELDS = 7


class Sickness:
    """A network whose alpha can be frozen on the settlement chain and given a client that works."""

    def __init__(self, net):
        self.core = net.core
        network = net.core.network
        self.settlement, self.alpha = network.settlement, network.vaults[0]
        self.deployment, self.owner = network.deployment, network.keys.owner
        entry = network.deployment.settlement
        self.queue = ForcedQueue(self.settlement, entry.forced_queue)
        self.mailbox = self.settlement.contract("Mailbox", entry.mailbox)
        self.client = self.settlement.contract("QbftLightClient", entry.clients[self.alpha.chain_id])

    def freeze(self):
        trusted = self.alpha.header(self.settlement.call(self.client.functions.latestHeight()))
        self.alpha.mine()
        header = self.alpha.finalized_header()
        for shown in (header, header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(self.alpha.validators))):
            update = encode_update(shown, trusted.validators)
            self.settlement.transact(self.client.functions.update(update), self.owner)

    def trust_again(self):
        """A client that begins at the newest header, in a route that takes its delay to open."""
        parameters = self.deployment.parameters
        header = self.alpha.finalized_header()
        fields = ("trusting_period_seconds", "max_clock_drift_seconds", "trust_numerator", "trust_denominator")
        fields += ("recovery_delay_seconds", "recovery_delay_blocks", "attestor_threshold", "attestors")
        described = ClientParameters(
            chain_id=self.alpha.chain_id,
            variant=header.variant,
            **{name: getattr(parameters, name) for name in fields},
        )
        fresh = self.settlement.deploy("QbftLightClient", constructor_arguments(described, header), self.owner)
        old = self.settlement.call(self.mailbox.functions.route(self.alpha.chain_id, 1))
        route = (fresh.address, old[1], 2, *old[3:ROUTE_FIELDS])
        chain_id = self.alpha.chain_id
        self.settlement.transact(self.mailbox.functions.proposeRoute(chain_id, route), self.owner)
        self.core.clock.advance(parameters.max_timeout_seconds + parameters.max_proof_age_seconds)
        for _ in range(parameters.route_delay_blocks):
            self.settlement.mine()
        self.settlement.transact(self.mailbox.functions.activateRoute(chain_id, route), self.owner)

    def health(self):
        """Of every asset: chain and health, as the exchange has it."""
        return {(asset.chain_id, asset.health) for asset in self.core.sequencer.state.assets}


def test_a_frozen_chain_backs_nothing_new_until_it_has_recovered(tmp_path):
    with Devnet(seed=3, directory=tmp_path, health_recovery_seconds=8, health_recovery_blocks=4) as net:
        sickness = Sickness(net)
        alpha, beta = (chain.chain_id for chain in net.core.network.vaults)
        net.set_price("BTC", "60000")
        net.set_price("ETH", "2000")
        alice, bob = net.trader("alice", usdc=100, ether=20), net.trader("bob", usdc=100_000)
        carol = net.trader("carol", usdc=60_000)
        for handle in (
            alice.deposit(chain="alpha", asset="ETH", amount="10"),
            bob.deposit(chain="alpha", asset="USDC", amount="40000"),
            carol.deposit(chain="alpha", asset="USDC", amount="60000"),
            bob.deposit(chain="beta", asset="USDC", amount="60000"),
        ):
            handle.wait("credited")
        bob.create_order(market="BTC-PERP", side="sell", amount="1", price="60000")
        alice.create_order(market="BTC-PERP", side="buy", type="market", amount="0.8")
        before = alice.fetch_positions()

        sickness.freeze()
        for _ in range(3):
            net.step()
        assert sickness.health() == {(alpha, 1), (beta, 0)}
        assert sickness.queue.chain_state(alpha).is_sick

        # What is on alpha carries no new risk, and nobody is liquidated for it.
        with pytest.raises(Rejected, match="InsufficientMargin"):
            alice.create_order(market="BTC-PERP", side="buy", type="market", amount="0.05")
        for _ in range(5):
            net.step()
        assert alice.fetch_positions() == before
        assert alice.fetch_balance().equity > 0
        # Less risk is always possible.
        bob.create_order(market="BTC-PERP", side="buy", amount="0.2", price="59990", reduce_only=True)
        sold = alice.create_order(market="BTC-PERP", side="sell", type="market", amount="0.2")
        assert sold.filled == Decimal("0.2")
        # Three eighths of all cash are on beta: nobody leaves with more than that share of his.
        with pytest.raises(Rejected, match="BeyondHealthyShare"):
            bob.withdraw(chain="beta", asset="USDC", amount="45000")
        bob.withdraw(chain="beta", asset="USDC", amount="20000").wait("finalized")

        sickness.trust_again()
        net.core.step_daemon("health reporter")
        assert sickness.queue.chain_state(alpha).ready_at
        assert sickness.health() == {(alpha, 1), (beta, 0)}
        net.set_price("BTC", "60000")
        net.set_price("ETH", "2000")
        for _ in range(10):
            net.step()
        assert sickness.health() == {(alpha, 0), (beta, 0)}
        items = sickness.queue.items(0, sickness.settlement.head().number)
        reported = [item.amount for item in items if item.kind is ItemKind.CHAIN_HEALTH]
        assert reported == [1, 1, 0, 0]
        alice.create_order(market="BTC-PERP", side="buy", type="market", amount="0.05")
    assert verify_directory(tmp_path).ok
