"""BitMEX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D20",
    title="The insurance fund is lost at an expiry",
    group="venue",
    source="BitMEX, 2 Apr 2019",
    missing="a lab attack; tried in tests/exchange/engine/test_expiries.py",
)
