"""Two batches of one index, two receipts of one sequence."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-equivocation",
    title="Two batches of one index, two receipts of one sequence",
    group="rollup",
    source="classes of rollup failures",
    missing="a bond to slash; a second batch is refused in tests/contracts/test_rollup.py",
)
