"""The settlement chain finalises nothing for hours."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-finality-stall",
    title="The settlement chain finalises nothing for hours",
    group="rollup",
    source="classes of rollup failures",
    missing="a fault that stalls finality",
)
