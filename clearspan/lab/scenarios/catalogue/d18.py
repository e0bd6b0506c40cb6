"""Maker: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D18",
    title="Nobody bids while gas is dear",
    group="venue",
    source="Maker, 12 Mar 2020, $8.32M",
    missing="a lab attack on the trading engine",
)
