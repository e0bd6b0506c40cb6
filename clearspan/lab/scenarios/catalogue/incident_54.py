"""Drift: approvals were signed long before they were used."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-54",
    title="An old approval is used",
    group="C9",
    source="Drift, 1 Apr 2026, $285M",
    missing="a lab attack; expired proposals are tried in tests/contracts/test_mailbox_routes.py",
)
