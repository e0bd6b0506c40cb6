"""The initiator reveals only when the price has moved."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-free-option",
    title="The initiator reveals only when the price has moved",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a lab attack; what the option costs is reckoned in bridge/swaps/exposure.py and priced into quotes",
)
