"""What the exchange offers to who brings a short asset, read from the state."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.engine.rebalancing import bond_of, missing, rebate_of
from exchange.engine.waiting_queue import has_queue
from exchange.state.asset import AssetKind
from exchange.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceOffer:
    """Bring up to `amount` of asset `short`, take it and `rebate` in total away as one of `sources`.

    `sources` are (asset, inventory). Amounts in 1e-6 USD; `rebate` and `bond` are of the whole amount, at this clock.
    """

    short: int
    amount: int
    rebate: int
    bond: int
    sources: tuple[tuple[int, int], ...]


def rebalance_offers(state: State) -> list[RebalanceOffer]:
    """One for each cash asset that is short of what waits for it, by asset."""
    cash = [asset_id for asset_id, asset in enumerate(state.assets) if asset.kind == AssetKind.CASH]
    sources = tuple(
        (asset_id, state.assets[asset_id].inventory)
        for asset_id in cash
        if state.assets[asset_id].inventory and not has_queue(state, asset_id)
    )
    return [
        RebalanceOffer(
            short=short,
            amount=amount,
            rebate=rebate_of(state, short, amount),
            bond=bond_of(state, amount),
            sources=tuple(source for source in sources if source[0] != short),
        )
        for short in cash
        if (amount := missing(state, short))
    ]
