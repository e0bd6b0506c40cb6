"""dYdX chain: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D7",
    title="An upgrade under load stops the chain",
    group="venue",
    source="dYdX chain, 8 Apr 2024, 9.5 h halt",
    missing="a lab attack on the trading engine",
)
