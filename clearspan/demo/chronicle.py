"""What the exchange did, as its own feed tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from exchange.engine import Covered, Filled, Liquidated, OrderPlaced
from exchange.sequencer import Sequenced

CASH_SCALE = 10**10


@dataclass(slots=True, kw_only=True)
class Liquidation:
    """One liquidation in one market, 1e-8 and 1e-6 USD; `size` has the sign of the position that was closed."""

    account: int
    market: int
    sequence: int
    equity: int
    maintenance: int
    size: int = 0
    notional: int = 0
    fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the insurance fund put in for an account, 1e-6 USD; `shortfall` is what it gave for nothing."""

    account: int
    paid: int
    shortfall: int


class Chronicle:
    """A subscriber of the sequencer: fills, volume, liquidations and what insurance paid.

    `fills` counts matches and `volume` their value (1e-6 USD) by market, `volume_of` by account, on either side.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.placed = 0
        self.fills: Counter[int] = Counter()
        self.volume: Counter[int] = Counter()
        self.volume_of: Counter[int] = Counter()
        self.liquidations: list[Liquidation] = []
        self.coverages: list[Coverage] = []

    def __call__(self, told: Sequenced) -> None:
        """Takes note of one step or forced item."""
        self.steps += 1
        for event in told.events:
            if isinstance(event, Filled):
                self._filled(event)
            elif isinstance(event, OrderPlaced):
                self.placed += 1
            elif isinstance(event, Liquidated):
                self.liquidations.append(
                    Liquidation(
                        account=event.account,
                        market=event.market,
                        sequence=told.sequence,
                        equity=event.equity,
                        maintenance=event.maintenance,
                    )
                )
            elif isinstance(event, Covered):
                self.coverages.append(Coverage(account=event.account, paid=event.paid, shortfall=event.shortfall))

    def _filled(self, event: Filled) -> None:
        value = event.price * event.size // CASH_SCALE
        self.fills[event.market] += 1
        self.volume[event.market] += value
        self.volume_of[event.taker] += value
        self.volume_of[event.maker] += value
        if event.liquidation:
            under_way = self.liquidations[-1]
            under_way.size += event.size if event.taker_side else -event.size
            under_way.notional += value
            under_way.fee += event.taker_fee
