"""The settlement chain reorganises across deposit, batch and exit."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="rollup-reorganisation",
    title="The settlement chain reorganises across deposit, batch and exit",
    group="rollup",
    source="classes of rollup failures",
    missing="a lab attack: worlds settle on a chain that is final at once",
)
