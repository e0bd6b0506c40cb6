"""The sequencer crashes in the middle of a batch."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-sequencer-crash",
    title="The sequencer crashes in the middle of a batch",
    group="rollup",
    source="classes of rollup failures",
    missing="a lab attack with a verdict of its own; chaos runs crash it at every named point",
)
