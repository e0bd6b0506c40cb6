"""A chain halts from before the reveal until after its timelock."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="htlc-chain-halt",
    title="A chain halts from before the reveal until after its timelock",
    group="HTLC",
    source="classes of hash lock failures",
    missing="a lab attack; locks by the clock cannot be safe through it, see docs/protocol/swaps.md",
)
