"""Data appears a block before or after the end of its window."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-late-data",
    title="Data appears a block before or after the end of its window",
    group="rollup",
    source="classes of rollup failures",
    missing="a data availability layer apart from calldata",
)
