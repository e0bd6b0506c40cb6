"""Rainbow: a false block met its challenger."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-55",
    title="A false claim is challenged in time",
    group="C10",
    source="Rainbow, 1 May and 20 Aug 2022",
    missing="a challenge game",
)
