"""Maker: while gas was dear keepers stood still, and one bid of zero took everything."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT, USD
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, endow, thin_floor
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import waterfall


def attack(_stage: Stage) -> Verdict:
    """Everybody but a thief with a bid of next to nothing is gone; a long falls below maintenance."""
    floor = thin_floor(price_band=999_999)
    endow(floor, 0, 1_000)
    long, short = floor.open_account(usd=60), floor.open_account(usd=10_000)
    floor.sell(short, 1, 500)
    floor.buy(long, 1, 500)
    thief = floor.open_account(usd=10_000)
    floor.price(btc=0.9)
    floor.buy(thief, 0.001, 500)
    worth = floor.equity(long)
    floor.keep()
    position = floor.state.accounts[thief].positions.get(BTC)
    taken = position.size if position else 0
    lost = worth - floor.equity(long)
    return Verdict(
        survived=taken == 0 and lost <= 500 * USD // 50 and floor.hole() == 0,
        detail=f"the bid of 0.001 got {taken // UNIT} of 500; who was liquidated lost {dollars(lost)} by it",
    )


SCENARIO = Scenario(
    identifier="D18",
    title="Nobody bids while gas is dear",
    group="venue",
    source="Maker, 12 Mar 2020, $8.32M",
    attack=attack,
    twin=Twin(
        mutation="a liquidation sells at any price",
        patch=partial(edited, waterfall, "worst_price", "max(1, mark - away)", "1"),
    ),
)
