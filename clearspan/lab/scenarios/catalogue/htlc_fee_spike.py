"""Gas is a hundred times dearer, or the claim is censored, at the deadline."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-fee-spike",
    title="Gas is a hundred times dearer, or the claim is censored, at the deadline",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a lab attack with a swap daemon in the world",
)
