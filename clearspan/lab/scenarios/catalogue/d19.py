"""BitMEX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D19",
    title="Late orders and stops are processed after an outage",
    group="venue",
    source="BitMEX, 13 Mar 2020",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
