"""KelpDAO: nodes lied to the verifier alone."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-51",
    title="Nodes lie to one process while honest ones are down",
    group="C9",
    source="KelpDAO, 18 Apr 2026, $292M",
    missing="a lab attack on a process with several endpoints",
)
