"""bZx: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D17",
    title="A spot pool is the oracle within one transaction",
    group="venue",
    source="bZx, 2020",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
