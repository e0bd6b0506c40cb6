"""Hyperliquid: a winner took its margin out until it was liquidated, and the vault had the position."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import UNIT, USD, USDC_A
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, endow, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import margin
from exchange.state import BACKSTOP

VAULT = 100_000


def attack(_stage: Stage) -> Verdict:
    """A whale eight per cent ahead withdraws whatever it is given; then the price falls, by 9.5 % in one report."""
    floor = floor_at(backstop_cap=VAULT * USD)
    endow(floor, BACKSTOP, VAULT)
    other, whale = floor.open_account(usd=1_000_000), floor.open_account(usd=60_000)
    floor.sell(other, 50_000, 10)
    floor.buy(whale, 50_000, 10)
    floor.price(btc=54_000)
    for slice_usd in (10_000, 1_000, 100):
        while floor.attempt(floor.withdraw(whale, USDC_A, slice_usd * USD)) == "accepted":
            pass
    floor.price(btc=48_870)
    floor.keep()
    inherited = sum(position.size for position in floor.state.accounts[BACKSTOP].positions.values())
    floor.price(btc=47_500)
    floor.keep()
    lost = VAULT * USD - floor.equity(BACKSTOP, 0) + floor.hole()
    return Verdict(
        survived=lost <= 0,
        detail=f"withdrew {dollars(floor.taken(whale))} of 60,000 USD; the vault inherited {inherited / UNIT:g} BTC, "
        f"and the venue lost {dollars(lost)}",
    )


SCENARIO = Scenario(
    identifier="D3",
    title="Margin is withdrawn from a winner until it is liquidated",
    group="venue",
    source="Hyperliquid, 12 Mar 2025, $4M",
    attack=attack,
    twin=Twin(
        mutation="profit that is not realised stays behind in place of margin",
        patch=partial(edited, margin, "require_transfer", "min(0, unrealised(*entry))", "unrealised(*entry)"),
    ),
)
