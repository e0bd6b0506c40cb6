"""dYdX: waits for its attack."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="D2",
    title="A hundred wallets lever one thin market",
    group="venue",
    source="dYdX v3 SUSHI and YFI, Nov 2023, $9M",
    missing="a lab attack on the trading engine",
)
