"""The health of an asset's chain: what the settlement chain's queue reads of that chain's client."""

from __future__ import annotations

from exchange.engine.events import HealthChanged
from exchange.engine.reasons import Reason, Rejected
from exchange.state.asset import Health
from exchange.state.state import State


def report_health(state: State, asset_id: int, health: int, time: int) -> HealthChanged:
    """Record what the queue found at `time`; that it does not waver is the queue's to see to. Raises Rejected."""
    if asset_id >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    if health not in (Health.HEALTHY, Health.SICK):
        raise Rejected(Reason.MALFORMED)
    asset, header = state.assets[asset_id], state.header
    if asset.health == health:
        raise Rejected(Reason.NOTHING_CHANGES)
    if health == Health.HEALTHY:
        header.sick_count -= 1
    else:
        if not header.sick_count:
            header.sick_episode += 1
            header.healthy_taken = 0
        header.sick_count += 1
    asset.health = health
    state.dirty_assets.add(asset_id)
    return HealthChanged(asset_id, health, time)
