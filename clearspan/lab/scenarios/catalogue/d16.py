"""deUSD: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D16",
    title="A trade in a thin pool moves a price elsewhere",
    group="venue",
    source="deUSD, 29 May 2025, $0.5M",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
