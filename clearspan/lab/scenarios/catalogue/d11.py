"""GMX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D11",
    title="A callback changes a share price",
    group="venue",
    source="GMX v1, 9 Jul 2025, $42M",
    missing="a lab attack on the trading engine",
)
