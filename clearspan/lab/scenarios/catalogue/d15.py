"""Compound: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D15",
    title="One venue's spike liquidates",
    group="venue",
    source="Compound DAI, 26 Nov 2020, $89M",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
