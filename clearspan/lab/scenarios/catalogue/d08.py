"""Synthetix: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D8",
    title="Feeds fall out until two remain, one of them wild",
    group="venue",
    source="Synthetix sKRW, Jun 2019",
    missing="a lab attack; tried in tests/exchange/engine/test_oracle_attacks.py",
)
