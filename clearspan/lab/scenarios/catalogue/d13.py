"""FutureSwap: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D13",
    title="Units are mixed up, and health is checked too early",
    group="venue",
    source="FutureSwap, Jan 2026; Sharwa; Moonwell",
    missing="a lab attack on the trading engine",
)
