"""dYdX v3: many small accounts levered one thin market, and its fall was the insurance fund's."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT, USD, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, endow, floor_at, walk
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import assess, requirements
from exchange.state import Side

WALLETS = 100
INSURANCE = 10_000


def attack(_stage: Stage) -> Verdict:
    """A hundred wallets lever a thin market, lever its rise by 215 % again, and it falls by 15 % at once."""
    floor = floor_at(
        btc=1_000,
        margin_floor=100 * UNIT,
        margin_ceiling=1_000 * UNIT,
        margin_growth=4_000_000,
        open_interest_cap=5_000 * UNIT,
    )
    endow(floor, 0, INSURANCE)
    maker = floor.open_account(usd=10_000_000)
    wallets = [floor.open_account(usd=1_000) for _ in range(WALLETS)]
    lever(floor, maker, wallets, 1_000)
    walk(floor, 1_000, 3_150)
    lever(floor, maker, wallets, 3_150)
    reached = floor.state.markets[BTC].open_interest // UNIT
    floor.price(btc=3_150 * 0.85)
    owed = sum(max(0, -floor.equity(wallet)) for wallet in wallets)
    floor.keep()
    return Verdict(
        survived=owed <= INSURANCE * USD and floor.hole() == 0 and not floor.state.deleveragings,
        detail=f"{WALLETS} wallets reached an open interest of {reached}; after the fall they owed {dollars(owed)}, "
        f"the fund had {INSURANCE:,} USD; {len(floor.state.deleveragings)} deleveragings",
    )


def lever(floor: Floor, maker: int, wallets: list[int], price: float) -> None:
    """Each wallet buys of the maker what its margin holds, as long as anything is accepted."""
    for wallet in wallets:
        while True:
            free = assess(floor.state, wallet)
            room = (free.backing - free.initial) / USD * 9 / price
            size = max(0.001, int(room * 1000) / 1000)
            floor.attempt(floor.order(maker, BTC, Side.ASK, price, size))
            if room < 0.01 or floor.attempt(floor.order(wallet, BTC, Side.BID, price, size)) != "accepted":
                floor.attempt(floor.cancel_all(maker))
                break


SCENARIO = Scenario(
    identifier="D2",
    title="A hundred wallets lever one thin market",
    group="venue",
    source="dYdX v3 SUSHI and YFI, Nov 2023, $9M",
    attack=attack,
    twin=Twin(
        mutation="the requirement does not grow with a market's open interest",
        patch=partial(edited, requirements, "growth_at", "if beyond <= 0:", "if beyond is not None:"),
    ),
)
