"""Keeps quotes in the book. Holds no state: what rests and what is held is asked of the venue each time."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from exchange.sdk.errors import ClearspanError
from exchange.sdk.results import OpenOrder, Position, TimeInForce
from relayers.market_maker.quoting import Placement, QuotePolicy, Resting, desired, difference
from relayers.reports import Did, Journal, StepReport, WaitsFor


class TradingDesk(Protocol):
    """What the maker needs of the SDK; `exchange.sdk.Trader` satisfies it."""

    def create_order(
        self, *, market: str, side: str, amount: Decimal, price: Decimal, time_in_force: TimeInForce
    ) -> Any:
        """Place a limit order."""
        ...

    def cancel_order(self, *, order_id: str) -> None:
        """Take one out of the book."""
        ...

    def fetch_open_orders(self, *, market: str | None = None) -> tuple[OpenOrder, ...]:
        """What rests."""
        ...

    def fetch_positions(self) -> tuple[Position, ...]:
        """What is held."""
        ...


class MarkSource(Protocol):
    """Where the maker has its prices from."""

    def mark(self, market: str) -> Decimal | None:
        """The mark of a market in USD, None while there is none."""
        ...


class MarketMaker:
    """Quotes both sides of each market around its mark, within a size and an inventory; nothing without a mark.

    Orders are post-only: a maker that would take has stale prices, and rather misses a quote.
    """

    def __init__(self, desk: TradingDesk, marks: MarkSource, policies: Mapping[str, QuotePolicy]) -> None:
        self._desk = desk
        self._marks = marks
        self._policies = policies

    def step(self) -> StepReport:
        """Cancel first, then place, market by market; a refusal of one order stops no other."""
        journal = Journal()
        try:
            held = {position.market: position.size for position in self._desk.fetch_positions()}
            for market, policy in self._policies.items():
                self._quote(journal, market, policy, held.get(market, Decimal(0)))
        except ClearspanError as error:
            journal.waits_for(WaitsFor.SEQUENCER, "account", str(error))
        return journal.report()

    def withdraw_quotes(self) -> None:
        """Take every quote out of the book: before a stop."""
        for market in self._policies:
            for order in self._desk.fetch_open_orders(market=market):
                self._desk.cancel_order(order_id=order.order_id)

    def _quote(self, journal: Journal, market: str, policy: QuotePolicy, inventory: Decimal) -> None:
        mark = self._marks.mark(market)
        resting = [
            Resting(order_id=order.order_id, side=order.side.value, price=order.price, remaining=order.remaining)
            for order in self._desk.fetch_open_orders(market=market)
        ]
        wanted = [] if mark is None else desired(policy, mark=mark, inventory=inventory)
        if mark is None:
            journal.waits_for(WaitsFor.PRICE, market)
        cancels, places = difference(policy, resting, wanted, mark=mark or Decimal(0))
        for order_id in cancels:
            self._try(journal, order_id, lambda order_id=order_id: self._desk.cancel_order(order_id=order_id))
        for place in places:
            self._try(journal, market, lambda place=place: self._place(market, place))

    def _place(self, market: str, place: Placement) -> None:
        self._desk.create_order(
            market=market, side=place.side, amount=place.size, price=place.price, time_in_force=TimeInForce.POST_ONLY
        )

    def _try(self, journal: Journal, subject: str, act: Any) -> None:
        try:
            act()
        except ClearspanError as error:
            journal.did(Did.FAILED, subject, str(error))
        else:
            journal.did(Did.SUBMITTED, subject, "quote")
