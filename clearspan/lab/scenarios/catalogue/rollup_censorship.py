"""The sequencer drops one user for ever."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-censorship",
    title="The sequencer drops one user for ever",
    group="rollup",
    source="classes of rollup failures",
    missing="a lab attack; tried in tests/contracts/test_rollup.py",
)
