"""Arbitrum: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D22",
    title="The sequencer stands still and resumes",
    group="venue",
    source="Arbitrum, 15 Dec 2023, 78 min",
    missing="a lab attack on the trading engine",
)
