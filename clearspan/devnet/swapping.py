"""Swaps on a devnet: what its chains are good for, as far as swaps are concerned."""

from __future__ import annotations

from bridge.swaps.guarantees import Guarantee
from bridge.swaps.timelocks import ChainBounds
from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.network import Network
from exchange.sdk.swap_policy import ExchangeBounds, SwapPolicy
from relayers.liquidity.limits import Limits
from relayers.liquidity.pricing import Tariff
from relayers.liquidity.provider import Terms


def swap_policy(config: DevnetConfig) -> SwapPolicy:
    """Bounds of chains that make a block at every step, with some room for a halt."""
    block = config.block_seconds
    depths = dict(zip((config.settlement_chain_id, *config.vault_chain_ids), config.finality_depths, strict=True))
    chains = {
        number: ChainBounds(
            inclusion_seconds=3 * block,
            finality_seconds=(1 + depth) * block,
            halt_seconds=3 * block,
            drift_seconds=2 * block,
        )
        for number, depth in depths.items()
    }
    return SwapPolicy(
        chains=chains,
        exchange=ExchangeBounds(
            settlement=chains[config.settlement_chain_id],
            answer_seconds=2 * block,
            posting_seconds=config.batch_interval_seconds + 3 * block,
            challenge_seconds=config.challenge_seconds + (config.challenge_blocks + 3) * block,
            forced_seconds=config.inclusion_delay_seconds,
        ),
        reaction_seconds=2 * block,
        public_seconds=5 * block,
        answer_seconds=5 * block,
        safety_deposit=10**15,
    )


def provider_terms(network: Network, *, valid_seconds: int) -> Terms:
    """A provider with room for anything a wallet of a devnet has, at prices nobody can argue with."""
    dollars = 10**8
    assets = {(asset.chain_id, str(asset.token)): 10**12 * 10**asset.decimals for asset in network.deployment.assets}
    settlement = network.deployment.settlement
    return Terms(
        tariff=Tariff(
            prices_e8={"USD": dollars, "USDC": dollars, "ETH": 2_500 * dollars},
            volatility={"ETH": 0.8, "USDC": 0.02},
            spread_ppm={Guarantee.SOFT: 3_000, Guarantee.POSTED: 1_000, Guarantee.FINAL: 500},
            capital_ppm=100_000,
            gas=400_000,
            gas_price=10**9,
        ),
        limits=Limits(
            per_swap_e8=100_000 * dollars,
            total_e8=1_000_000 * dollars,
            soft_e8=20_000 * dollars,
            open=100,
            per_customer=5,
            assets={**assets, (settlement.chain_id, str(settlement.rollup)): 10**15},
        ),
        valid_seconds=valid_seconds,
        safety_deposit=10**14,
    )
