"""KiloEx: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D9",
    title="A stranger sets prices",
    group="venue",
    source="KiloEx, 14 Apr 2025, $7.5M",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
