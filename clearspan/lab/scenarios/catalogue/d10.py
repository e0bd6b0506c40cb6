"""GMX: whatever size was filled at the oracle's price, while that price could be pushed elsewhere."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import matching
from exchange.state import Side, TimeInForce

INDEX = 50_000
SPREAD = 0.01
"""A maker quotes one per cent to either side of the mark, and quotes again after every report."""
PUSHES = (-0.018, -0.01, -0.004, 0.004, 0.01, 0.018)
SIZES = (1, 4, 8)


def attack(_stage: Stage) -> Verdict:
    """A search: trade, push the index by so much for a moment, trade back, let it return; does any of it pay?"""
    gains = {(push, size): gain_of(push, size) for push in PUSHES for size in SIZES}
    (push, size), best = max(gains.items(), key=lambda entry: entry[1])
    return Verdict(
        survived=best <= 0,
        detail=f"of {len(gains)} ways the best, {size} BTC and a push of {push:.1%}, "
        f"{'gains' if best > 0 else 'loses'} {dollars(abs(best))} of the maker's",
    )


def gain_of(push: float, size: float) -> int:
    """What a thief has more than before, in 1e-6 USD, once the index is back."""
    floor = floor_at(btc=INDEX)
    maker, thief = floor.open_account(usd=10_000_000), floor.open_account(usd=1_000_000)
    before = floor.equity(thief)
    first = Side.BID if push > 0 else Side.ASK
    for price, side in ((INDEX, first), (INDEX * (1 + push), Side(1 - first))):
        report(floor, price)
        quote(floor, maker, price)
        limit = round(price * (1.05 if side == Side.BID else 0.95))
        floor.attempt(floor.order(thief, BTC, side, limit, size, TimeInForce.IOC))
    report(floor, INDEX)
    return floor.equity(thief) - before


def report(floor: Floor, price: float) -> None:
    """The next second's price."""
    floor.wait(1)
    floor.attempt(floor.report(BTC, price))
    floor.mark()


def quote(floor: Floor, maker: int, price: float) -> None:
    """Both sides anew around a price."""
    floor.attempt(floor.cancel_all(maker))
    for side, factor in ((Side.ASK, 1 + SPREAD), (Side.BID, 1 - SPREAD)):
        floor.attempt(floor.order(maker, BTC, side, round(price * factor), max(SIZES)))


SCENARIO = Scenario(
    identifier="D10",
    title="Fills at the oracle's price while the spot market moves",
    group="venue",
    source="GMX AVAX, Sep 2022, $0.4M",
    attack=attack,
    twin=Twin(
        mutation="a fill is at the mark, not at the resting order's price",
        patch=partial(
            edited,
            matching,
            "match",
            "cash = price * size * multiplier // CASH_SCALE",
            "cash = state.pricing[market_id].value * size // CASH_SCALE",
        ),
    ),
)
