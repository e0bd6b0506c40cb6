"""Aztec: a field outside the commitment."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-57",
    title="A field of a batch is bound by nothing",
    group="C12",
    source="Aztec Connect, 14 Jun 2026, $2.19M",
    missing="a lab attack; tried in tests/contracts/test_rollup.py",
)
