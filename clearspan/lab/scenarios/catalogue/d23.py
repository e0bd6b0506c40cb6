"""KelpDAO: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D23",
    title="Unbacked collateral is borrowed against",
    group="venue",
    source="KelpDAO, 18 Apr 2026, >$190M borrowed",
    missing="a lab attack on the trading engine",
)
