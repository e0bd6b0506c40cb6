"""What must happen first: obligations that keep everything else off a market."""

from __future__ import annotations

from typing import Final

from exchange.engine.reasons import Reason, Rejected
from exchange.state.account import MAIN_MASK
from exchange.state.market import NO_EXPIRY, Market, MarketStatus
from exchange.state.state import State

_OPEN: Final = int(MarketStatus.OPEN)
_EXPIRED: Final = int(MarketStatus.EXPIRED)


def market_for_orders(state: State, account_id: int, market_id: int) -> Market:
    """The market, if the account may send it an order now. Raises Rejected."""
    if not account_id & MAIN_MASK:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    market = idle_market(state, market_id)
    if state.header.envelope_account:
        raise Rejected(Reason.ENVELOPE_OPEN)
    if market.trigger_above or market.trigger_below:
        require_none_due(state, market_id)
    return market


def idle_market(state: State, market_id: int) -> Market:
    """The market, if it is open and no order of it is unfinished. Raises Rejected."""
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if market.status != _OPEN:
        raise Rejected(Reason.MARKET_EXPIRED if market.status >= _EXPIRED else Reason.MARKET_HALTED)
    if has_expired(state, market):
        raise Rejected(Reason.MARKET_EXPIRED)
    if market.register:
        raise Rejected(Reason.REGISTER_OPEN)
    return market


def has_expired(state: State, market: Market) -> bool:
    """Whether the market's time is over, settled or not."""
    return market.expiry != NO_EXPIRY and state.expiries[market.expiry].time <= state.header.clock


def require_none_due(state: State, market_id: int) -> None:
    """Raise Rejected(TriggerDue) while a trigger of the market is crossed: no order and no round may pass it by."""
    if due_trigger(state, market_id):
        raise Rejected(Reason.TRIGGER_DUE)


def due_trigger(state: State, market_id: int) -> int:
    """Slot + 1 of the first order whose trigger the mark has crossed, 0 if there is none.

    Both lists start with what is crossed first. A stale mark crosses nothing, and only an open market has triggers due
    before its expiry.
    """
    market = state.markets[market_id]
    pricing = state.pricing[market_id]
    if not (market.trigger_above or market.trigger_below) or pricing is None or market.status != _OPEN:
        return 0
    if has_expired(state, market):
        return 0
    if pricing.fresh_until < state.header.clock:
        return 0
    slots = state.orders[market_id]
    head = market.trigger_above
    if head and slots[head - 1].trigger <= pricing.mark:
        return head
    head = market.trigger_below
    if head and slots[head - 1].trigger >= pricing.mark:
        return head
    return 0
