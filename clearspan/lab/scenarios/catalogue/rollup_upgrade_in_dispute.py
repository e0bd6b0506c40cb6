"""The code changes while a dispute is open."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-upgrade-in-dispute",
    title="The code changes while a dispute is open",
    group="rollup",
    source="classes of rollup failures",
    missing="a fraud proof on chain: without executors in Solidity there is no dispute",
)
