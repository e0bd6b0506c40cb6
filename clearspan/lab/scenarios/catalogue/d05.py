"""10 October: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D5",
    title="Deleveraging breaks hedged books",
    group="venue",
    source="10 Oct 2025, ~$19B of positions",
    missing="a lab attack on the trading engine",
)
