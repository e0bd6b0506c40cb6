"""Mango: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D1",
    title="Two accounts of one owner push a price and withdraw unrealised profit",
    group="venue",
    source="Mango, 11 Oct 2022, $112M",
    missing="a lab attack on the trading engine",
)
