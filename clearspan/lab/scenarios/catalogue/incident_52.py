"""Celer: the front end named other contracts."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-52",
    title="A front end serves false addresses",
    group="C9",
    source="Celer cBridge, 17 Aug 2022, $240k",
    missing="a signed manifest of addresses and code hashes that the SDK checks",
)
