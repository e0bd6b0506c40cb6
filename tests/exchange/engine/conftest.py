"""A small venue to act on: BTC and ETH perpetuals, two USDC vaults, ETH as collateral."""

from __future__ import annotations

import pytest

from clearspan.lab.floor import (
    ASSETS,
    BTC,
    BTC_SPEC,
    ETH,
    ETH_SPEC,
    FUND,
    NEVER,
    ORACLES,
    SECOND_BTC_SPEC,
    START,
    UNIT,
    USD,
    USDC_A,
    USDC_B,
    WETH,
)
from clearspan.lab.floor import Floor as Venue

__all__ = [
    "ASSETS",
    "BTC",
    "BTC_SPEC",
    "ETH",
    "ETH_SPEC",
    "FUND",
    "NEVER",
    "ORACLES",
    "SECOND_BTC_SPEC",
    "START",
    "UNIT",
    "USD",
    "USDC_A",
    "USDC_B",
    "WETH",
    "Venue",
]


@pytest.fixture(scope="session")
def venue_type() -> type[Venue]:
    return Venue


@pytest.fixture
def venue() -> Venue:
    """Priced at BTC 50,000 and ETH 3,000, with two traders (1 and 2) of 100,000 USD each."""
    fresh = Venue()
    fresh.price(btc=50_000, eth=3_000)
    fresh.open_account(usd=100_000)
    fresh.open_account(usd=100_000)
    return fresh
