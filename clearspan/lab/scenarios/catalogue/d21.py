"""FTX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D21",
    title="One account is exempt from margin",
    group="venue",
    source="FTX and Alameda, 2022",
    missing="a lab attack on the trading engine",
)
