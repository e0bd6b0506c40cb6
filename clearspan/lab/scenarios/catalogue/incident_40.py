"""Optimism: ether that was forced into a contract."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario

SCENARIO = Scenario(
    identifier="incident-40",
    title="Ether that nobody deposited is paid out",
    group="C5",
    source="Optimism OVM_ETH, Feb 2022",
    missing="a lab attack; tried in tests/contracts/test_collateral_vault.py",
)
