"""The chain on which the secret was revealed reorganises."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-secret-reorg",
    title="The chain on which the secret was revealed reorganises",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a lab attack with two legs and a swap daemon in the world",
)
