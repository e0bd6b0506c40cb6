"""Wintermute: an address is not its namesake on another chain."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-50",
    title="A packet for one chain is executed on another",
    group="C8",
    source="Wintermute and Optimism, Jun 2022, 20M OP",
    missing="a lab attack; tried in tests/contracts/test_message_incidents.py",
)
