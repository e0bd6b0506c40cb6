"""Drift: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D24",
    title="Collateral and its oracle are listed in the same minute",
    group="venue",
    source="Drift, 1 Apr 2026, $285M",
    missing="a lab attack; tried in tests/exchange/engine/test_order_incidents.py",
)
