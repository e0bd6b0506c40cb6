"""A batch is posted whose bytes are missing or false."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-withheld-data",
    title="A batch is posted whose bytes are missing or false",
    group="rollup",
    source="classes of rollup failures",
    missing="a challenge game; batches carry their bytes in calldata",
)
