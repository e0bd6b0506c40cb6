"""GMX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D10",
    title="Fills at the oracle's price while the spot market moves",
    group="venue",
    source="GMX AVAX, Sep 2022, $0.4M",
    missing="a lab attack on the trading engine",
)
