"""Polygon zkEVM: a reorganisation dropped a deposit."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-53",
    title="A deposit is dropped by a reorganisation after it was seen",
    group="C9",
    source="Polygon zkEVM, 23 Mar and 8 Apr 2024",
    missing="a lab attack; chaos runs reorganise the second vault chain",
)
