"""A root with any one field of the state changed."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-invalid-root",
    title="A root with any one field of the state changed",
    group="rollup",
    source="classes of rollup failures",
    missing="a fraud proof on chain: executors in Solidity; whoever replays finds it (`clearspan verify`)",
)
