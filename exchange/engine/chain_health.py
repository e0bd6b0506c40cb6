"""The health of an asset's chain: what the settlement chain's queue reads of that chain's client, with hysteresis."""

from __future__ import annotations

from typing import Final

from exchange.engine.events import HealthChanged
from exchange.engine.reasons import Reason, Rejected
from exchange.state.asset import Health
from exchange.state.state import State

RECOVERY_SECONDS: Final = 3_600
"""A chain is healthy again only this long after it was last reported sick."""


def report_health(state: State, asset_id: int, health: int, time: int) -> HealthChanged:
    """Record what the queue read at `time`: sick at once, healthy again after a while. Raises Rejected."""
    if asset_id >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    if health not in (Health.HEALTHY, Health.SICK):
        raise Rejected(Reason.MALFORMED)
    asset, header = state.assets[asset_id], state.header
    if health == Health.HEALTHY:
        if asset.health == Health.HEALTHY:
            raise Rejected(Reason.NOTHING_CHANGES)
        if time < asset.sick_at + RECOVERY_SECONDS:
            raise Rejected(Reason.NOT_RECOVERED)
        header.sick_count -= 1
    elif asset.health == Health.HEALTHY:
        if not header.sick_count:
            header.sick_episode += 1
            header.healthy_taken = 0
        header.sick_count += 1
    if health == Health.SICK:
        asset.sick_at = max(asset.sick_at, time)
    asset.health = health
    state.dirty_assets.add(asset_id)
    return HealthChanged(asset_id, health, time)
