"""Perpetual clones: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D12",
    title="Funding is set by anyone",
    group="venue",
    source="Perpetual clones, Apr 2026",
    missing="a lab attack on the trading engine",
)
