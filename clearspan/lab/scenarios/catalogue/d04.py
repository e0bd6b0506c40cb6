"""Hyperliquid: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D4",
    title="A self-trade is left to the backstop and its price pushed",
    group="venue",
    source="Hyperliquid JELLY, 26 Mar 2025",
    missing="a lab attack on the trading engine",
)
