"""No honest party looks during a part of the window."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-challenger-offline",
    title="No honest party looks during a part of the window",
    group="rollup",
    source="classes of rollup failures",
    missing="a fraud proof on chain: without executors in Solidity there is no dispute",
)
