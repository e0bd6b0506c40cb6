"""Venus: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D14",
    title="A feed stands at its bound",
    group="venue",
    source="Venus LUNA, May 2022",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
