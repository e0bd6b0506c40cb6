"""Each field of a batch is changed under the same commitment."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-settlement-mismatch",
    title="Each field of a batch is changed under the same commitment",
    group="rollup",
    source="classes of rollup failures",
    missing="a lab attack; tried in tests/contracts/test_rollup.py",
)
