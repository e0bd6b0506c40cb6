"""Poison messages and starved calls."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-56",
    title="A message is marked as done for want of gas",
    group="C11",
    source="Gravity Bridge, OP, pos-portal",
    missing="a lab attack; tried in tests/contracts/test_message_incidents.py",
)
