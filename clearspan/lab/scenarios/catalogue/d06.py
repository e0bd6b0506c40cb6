"""dYdX chain: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D6",
    title="All of a market is liquidated in one trade",
    group="venue",
    source="dYdX chain, 10 Oct 2025, 8 h halt",
    missing="a lab attack on the trading engine",
)
