"""I8: no liquidation trades beyond its limit, no limit beyond the slippage, and deleveraging costs what is missing."""

from __future__ import annotations

from clearspan.lab.oracle.book import Accuse
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant
from exchange.engine import Event as Deed
from exchange.engine.events import BackstopTook, Deleveraged, Filled, Liquidated
from exchange.state.limits import CASH_SCALE, FACTOR_ONE
from exchange.state.state import State


class PriceBounds:
    """Looks on while the venue is executed again. Bounds come from the mark and the market's parameters alone."""

    def __init__(self, accuse: Accuse) -> None:
        self._accuse = accuse
        self._limits: dict[int, int] = {}

    def after_step(self, state: State, deeds: list[Deed], event: Event) -> None:
        """Everything that was closed against its owner's will in a step."""
        shared = {deed.market for deed in deeds if isinstance(deed, Deleveraged)}
        for deed in deeds:
            if isinstance(deed, Liquidated):
                self._began(state, deed, event, is_shared=deed.market in shared)
            elif isinstance(deed, Filled) and deed.liquidation:
                self._filled(deed, event)
            elif isinstance(deed, BackstopTook):
                self._within(state, deed.market, deed.price, event, f"the backstop took at {deed.price}")

    def _began(self, state: State, deed: Liquidated, event: Event, *, is_shared: bool) -> None:
        if deed.equity >= deed.maintenance:
            text = f"has {deed.equity} of {deed.maintenance} and was liquidated"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.account}", text)
        if is_shared:
            self._deleveraged(state, deed, event)
        elif deed.size:
            self._limits[deed.market] = deed.limit
            self._within(state, deed.market, deed.limit, event, f"liquidated at {deed.limit}")

    def _filled(self, deed: Filled, event: Event) -> None:
        limit = self._limits.get(deed.market)
        if limit is None:
            return
        beyond = limit - deed.price if deed.taker_side else deed.price - limit
        if beyond > 0:
            text = f"was closed at {deed.price}, {beyond} beyond its limit"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.taker}", text)

    def _within(self, state: State, market_id: int, price: int, event: Event, what: str) -> None:
        market, pricing = state.markets[market_id], state.pricing[market_id]
        if pricing is None:
            self._accuse(Invariant.PRICE_BOUNDS, event, f"market {market_id}", f"{what} without a mark")
        elif abs(price - pricing.mark) * FACTOR_ONE > max(pricing.mark, pricing.width) * market.liquidation_slippage:
            self._accuse(Invariant.PRICE_BOUNDS, event, f"market {market_id}", f"{what}, the mark is {pricing.mark}")

    def _deleveraged(self, state: State, deed: Liquidated, event: Event) -> None:
        """Away from the mark by no more than the account's own deficit, one unit of price for rounding."""
        market, pricing = state.markets[deed.market], state.pricing[deed.market]
        if pricing is None:
            return
        cost = (abs(deed.limit - pricing.mark) - 1) * deed.size * market.multiplier
        if cost > max(0, -deed.equity) * CASH_SCALE:
            text = f"was deleveraged at {deed.limit}, the mark is {pricing.mark} and {max(0, -deed.equity)} are missing"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.account}", text)
