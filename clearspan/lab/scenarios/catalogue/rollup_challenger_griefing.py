"""Disputes are spammed or lost slowly."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-challenger-griefing",
    title="Disputes are spammed or lost slowly",
    group="rollup",
    source="classes of rollup failures",
    missing="a fraud proof on chain: without executors in Solidity there is no dispute",
)
