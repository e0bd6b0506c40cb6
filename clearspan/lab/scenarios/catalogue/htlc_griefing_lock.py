"""The counterparty never follows."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-griefing-lock",
    title="The counterparty never follows",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a bond paid to the victim; the capital comes back at the deadline",
)
