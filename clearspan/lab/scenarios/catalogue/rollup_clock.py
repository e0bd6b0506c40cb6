"""Clocks leap backwards or stand at their bound."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-clock",
    title="Clocks leap backwards or stand at their bound",
    group="rollup",
    source="classes of rollup failures",
    missing="a fault of clocks",
)
