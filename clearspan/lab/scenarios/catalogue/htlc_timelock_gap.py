"""The second leg ends too late for the first to be claimed."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-timelock-gap",
    title="The second leg ends too late for the first to be claimed",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a lab attack; the rule is tested in tests/bridge/swaps",
)
