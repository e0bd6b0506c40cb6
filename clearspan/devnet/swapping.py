"""Swaps on a devnet: what its chains are good for, as far as swaps are concerned."""

from __future__ import annotations

from bridge.swaps.timelocks import ChainBounds
from clearspan.devnet.config import DevnetConfig
from exchange.sdk.swap_policy import SwapPolicy


def swap_policy(config: DevnetConfig) -> SwapPolicy:
    """Bounds of chains that make a block at every step, with some room for a halt."""
    block = config.block_seconds
    depths = dict(zip((config.settlement_chain_id, *config.vault_chain_ids), config.finality_depths, strict=True))
    return SwapPolicy(
        chains={
            number: ChainBounds(
                inclusion_seconds=3 * block,
                finality_seconds=(1 + depth) * block,
                halt_seconds=3 * block,
                drift_seconds=2 * block,
            )
            for number, depth in depths.items()
        },
        reaction_seconds=2 * block,
        public_seconds=5 * block,
        answer_seconds=5 * block,
        safety_deposit=10**15,
    )
