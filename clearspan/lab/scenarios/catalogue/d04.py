"""Hyperliquid's JELLY: a short traded with oneself was left to the vault, and its price pushed."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT, USD
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import STEP, dollars, endow, thin_floor, walk
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import backstop
from exchange.state import BACKSTOP

VAULT, CAP = 1_000, 70
SIZE = 500
LAST_PRICE = 1.5
"""The cap is lost well before this."""


def attack(_stage: Stage) -> Verdict:
    """A thief's long and short, the short at its end; the backstop takes it over and the price goes to five times."""
    floor = thin_floor(backstop_cap=CAP * USD, open_interest_cap=10_000 * UNIT)
    endow(floor, BACKSTOP, VAULT)
    long, short = floor.open_account(usd=100), floor.open_account(usd=100)
    floor.sell(short, 1, SIZE)
    floor.buy(long, 1, SIZE)
    walk(floor, 1, 5)
    lost = VAULT * USD - floor.equity(BACKSTOP)
    bound = CAP * USD + round(SIZE * USD * LAST_PRICE * (STEP - 1))
    gain = floor.equity(long, short) + floor.taken(long, short) - 200 * USD
    return Verdict(
        survived=lost <= bound and floor.hole() == 0,
        detail=f"the vault lost {dollars(lost)}, its cap is {CAP} USD and a report's step {dollars(bound)} at most; "
        f"the thief gained {dollars(gain)}; open interest left {floor.state.markets[BTC].open_interest // UNIT}",
    )


SCENARIO = Scenario(
    identifier="D4",
    title="A self-trade is left to the backstop and its price pushed",
    group="venue",
    source="Hyperliquid JELLY, 26 Mar 2025",
    attack=attack,
    twin=Twin(
        mutation="the backstop's loss in a market is never compared with its cap",
        patch=partial(edited, backstop, "exceeds_cap", "> market.backstop_cap", "> 10**30"),
    ),
)
