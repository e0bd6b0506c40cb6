"""What dishonest traders do again and again: move money between their accounts, push a mark, walk a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clearspan.lab.floor import BTC, BTC_SPEC, ETH_SPEC, UNIT, USD, Floor
from exchange.engine import steps
from exchange.state import BACKSTOP, Side, TimeInForce

STEP = 1.09
"""The most that a price moves from one report to the next on these floors."""
ROUNDS = 40


def floor_at(
    btc: float = 50_000, eth: float = 3_000, *, rules: Mapping[str, Any] | None = None, **changed: Any
) -> Floor:
    """A floor with prices of now; what is `changed` is of the first market."""
    floor = Floor((replace(BTC_SPEC, **changed), ETH_SPEC), **(rules or {}))
    floor.price(btc=btc, eth=eth)
    return floor


def thin_floor(**changed: Any) -> Floor:
    """A market of one dollar, without fees, in lots of one; prices may jump as they like."""
    fields: dict[str, Any] = {
        "tick": UNIT // 1000,
        "lot": UNIT,
        "min_size": UNIT,
        "taker_fee": 0,
        "maker_fee": 0,
        "liquidation_fee": 0,
    }
    floor = floor_at(btc=1, **{**fields, **changed})
    floor.state.underlyings[BTC].deviation = 10**7
    return floor


def endow(floor: Floor, account: int, usd: int) -> None:
    """Cash for the insurance fund, or through it for the backstop."""
    floor.deposit(0, 0, usd * USD)
    if account == BACKSTOP:
        floor.do(floor.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=usd * USD))


def drain_into(floor: Floor, loser: int, winner: int, price: float) -> None:
    """One account buys dear from the other and sells it back cheap, in whatever sizes the venue lets it."""
    high, low = round(price * STEP), round(price / STEP)
    for _ in range(ROUNDS):
        if not any(_round_trip(floor, loser, winner, high, low, size) for size in (8, 4, 2, 1, 0.5, 0.25)):
            return


def _round_trip(floor: Floor, loser: int, winner: int, high: int, low: int, size: float) -> bool:  # noqa: PLR0913, PLR0917
    for side, price in ((Side.BID, high), (Side.ASK, low)):
        offer = floor.attempt(floor.order(winner, BTC, Side(1 - side), price, size))
        if offer == "accepted" and floor.attempt(floor.order(loser, BTC, side, price, size, TimeInForce.IOC)) == (
            "accepted"
        ):
            continue
        floor.attempt(floor.cancel_all(winner))
        return False
    return True


def walk(floor: Floor, start: float, end: float, *, kept: bool = True, underlying: str = "btc") -> None:
    """Report price after price, none further than a step from the last; liquidators act after each."""
    price = start
    while price != end:
        price = min(end, price * STEP) if end > price else max(end, price / STEP)
        floor.price(**{underlying: price})
        if kept:
            floor.keep()


def dollars(amount: int) -> str:
    """An amount of 1e-6 USD in whole dollars."""
    return f"{amount // USD:,} USD"
