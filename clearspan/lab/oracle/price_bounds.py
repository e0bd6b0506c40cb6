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
        begun: Liquidated | None = None
        for deed in deeds:
            if isinstance(deed, Liquidated):
                begun = deed
                self._began(deed, event)
            elif isinstance(deed, Filled) and deed.liquidation:
                self._filled(state, deed, event)
            elif isinstance(deed, BackstopTook):
                who = f"account {deed.account}"
                self._within(state, deed.market, deed.price, event, f"{who} went to the backstop", longs=deed.size > 0)
            elif isinstance(deed, Deleveraged) and begun is not None:
                self._deleveraged(state, deed, begun, event)

    def _began(self, deed: Liquidated, event: Event) -> None:
        if deed.equity >= deed.maintenance:
            text = f"has {deed.equity} of {deed.maintenance} and was liquidated"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.account}", text)
        if deed.size:
            self._limits[deed.market] = deed.limit

    def _filled(self, state: State, deed: Filled, event: Event) -> None:
        """A taker that sells closes a long."""
        limit = self._limits.get(deed.market)
        if limit is None:
            return
        beyond = limit - deed.price if deed.taker_side else deed.price - limit
        if beyond > 0:
            text = f"was closed at {deed.price}, {beyond} beyond its limit"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.taker}", text)
        what = f"account {deed.taker} was to be closed"
        self._within(state, deed.market, limit, event, what, longs=bool(deed.taker_side))

    def _within(self, state: State, market_id: int, price: int, event: Event, what: str, *, longs: bool) -> None:  # noqa: PLR0913 - one price's facts
        """A long is closed at most so far below the mark, a short at most so far above it."""
        market, pricing = state.markets[market_id], state.pricing[market_id]
        if pricing is None:
            self._accuse(Invariant.PRICE_BOUNDS, event, f"market {market_id}", f"{what} without a mark")
            return
        widest = max(tier.slippage for tier in state.config.liquidation_tiers)
        most = max(pricing.mark, pricing.width) * market.liquidation_slippage * widest
        away = pricing.mark - price if longs else price - pricing.mark
        if away * FACTOR_ONE * FACTOR_ONE > most:
            text = f"{what} at {price}, the mark is {pricing.mark}"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"market {market_id}", text)

    def _deleveraged(self, state: State, deed: Deleveraged, begun: Liquidated, event: Event) -> None:
        """Away from the mark by no more than the account's own deficit, two units of price for rounding."""
        market, pricing = state.markets[deed.market], state.pricing[deed.market]
        if pricing is None:
            return
        cost = (abs(deed.price - pricing.mark) - 2) * begun.size * market.multiplier
        if cost > max(0, -begun.equity) * CASH_SCALE:
            missing = max(0, -begun.equity)
            text = f"was deleveraged at {deed.price}, the mark is {pricing.mark} and {missing} are missing"
            self._accuse(Invariant.PRICE_BOUNDS, event, f"account {deed.account}", text)
