"""Hyperliquid: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D3",
    title="Margin is withdrawn from a winner until it is liquidated",
    group="venue",
    source="Hyperliquid, 12 Mar 2025, $4M",
    missing="a lab attack on the trading engine",
)
