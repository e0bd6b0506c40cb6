"""SettleExpiry: a complete average becomes the settlement price, and up to eight markets are settled by it."""

from __future__ import annotations

from typing import Final

from exchange.engine import settlement_average, steps
from exchange.engine.events import Event, ExpirySettled, MarketChanged
from exchange.engine.pricing import expired_quote
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounds import flip, is_complete
from exchange.engine.signatures import Signatures
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.mark import Mark
from exchange.state.market import NO_EXPIRY, Market, MarketKind, MarketStatus
from exchange.state.pricing import FOREVER
from exchange.state.state import State
from exchange.state.underlying import Underlying

MARKETS_PER_STEP: Final = 8


def settle_expiry(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Fix the settlement price if it is not yet, and end markets. Permissionless. Raises Rejected, nothing changed.

    An ended market keeps one mark for good, its payoff, and counts in no round. Positions are paid out later.
    """
    if len(step) < steps.SETTLE_EXPIRY.size:
        raise Rejected(Reason.MALFORMED)
    _, expiry_id, count = steps.SETTLE_EXPIRY.unpack_from(step)
    if count > MARKETS_PER_STEP or len(step) != steps.SETTLE_EXPIRY.size + 2 * count:
        raise Rejected(Reason.MALFORMED)
    if expiry_id >= len(state.expiries):
        raise Rejected(Reason.EXPIRY_UNKNOWN)
    expiry = state.expiries[expiry_id]
    underlying = state.underlyings[expiry.underlying]
    market_ids = [int.from_bytes(step[at : at + 2], "big") for at in range(steps.SETTLE_EXPIRY.size, len(step), 2)]
    is_new = expiry.status == ExpiryStatus.TRADING
    if is_new and (underlying.next_expiry != expiry_id + 1 or not settlement_average.is_due(underlying, expiry)):
        raise Rejected(Reason.EXPIRY_NOT_DUE)
    _check_markets(state, expiry_id, market_ids)
    if not is_new and not market_ids:
        raise Rejected(Reason.NOTHING_TO_END)

    # Nothing below can fail.
    events: list[Event] = []
    if is_new:
        _fix_price(state, expiry_id, expiry, underlying)
        events.append(ExpirySettled(expiry_id, expiry.settlement_price))
    for market_id in market_ids:
        _end_market(state, market_id, underlying, expiry)
        events.append(MarketChanged(market_id, MarketStatus.EXPIRED, state.markets[market_id].phase))
    state.dirty_expiries.add(expiry_id)
    state.dirty_underlyings.add(expiry.underlying)
    state.refresh_pricing(expiry.underlying)
    if market_ids and is_complete(underlying):
        events.append(flip(state, expiry.underlying, underlying))
    return events


def payoff(market: Market, settlement_price: int) -> int:
    """What a long of 1e8 is worth at the settlement price (multiplier apart), in whole ticks, rounded down."""
    if market.kind == MarketKind.CALL:
        value = max(0, settlement_price - market.strike)
    elif market.kind == MarketKind.PUT:
        value = max(0, market.strike - settlement_price)
    else:
        value = settlement_price
    return value // market.tick * market.tick


def markets_to_end(state: State, expiry_id: int) -> list[int]:
    """Up to eight markets of an expiry that its settlement has still to end."""
    markets = state.markets_of[state.expiries[expiry_id].underlying]
    return [
        market_id
        for market_id in markets
        if (market := state.markets[market_id]).expiry == expiry_id
        and market.status < MarketStatus.EXPIRED
        and not market.register
    ][:MARKETS_PER_STEP]


def due_expiry(state: State, underlying_id: int) -> int | None:
    """An expiry that SettleExpiry should be called for: its average is complete, or markets are left."""
    underlying = state.underlyings[underlying_id]
    following = underlying.next_expiry - 1
    if following >= 0 and settlement_average.is_due(underlying, state.expiries[following]):
        return following
    for market_id in state.markets_of[underlying_id]:
        market = state.markets[market_id]
        if (
            market.expiry != NO_EXPIRY
            and market.status < MarketStatus.EXPIRED
            and not market.register
            and state.expiries[market.expiry].status == ExpiryStatus.SETTLED
        ):
            return market.expiry
    return None


def _check_markets(state: State, expiry_id: int, market_ids: list[int]) -> None:
    if market_ids != sorted(set(market_ids)):
        raise Rejected(Reason.MALFORMED)
    for market_id in market_ids:
        if market_id >= len(state.markets):
            raise Rejected(Reason.MARKET_UNKNOWN)
        market = state.markets[market_id]
        if market.expiry != expiry_id or market.status >= MarketStatus.EXPIRED:
            raise Rejected(Reason.NOTHING_TO_END)
        if market.register:
            raise Rejected(Reason.REGISTER_OPEN)


def _fix_price(state: State, expiry_id: int, expiry: Expiry, underlying: Underlying) -> None:
    expiry.status = ExpiryStatus.SETTLED
    expiry.settlement_price = expiry.average_sum // expiry.average_seconds
    underlying.next_expiry = expiry.next
    if expiry.next:
        state.expiries[expiry.next - 1].previous = 0
        state.dirty_expiries.add(expiry.next - 1)
    expiry.next = expiry.previous = 0
    state.dirty_expiries.add(expiry_id)


def _end_market(state: State, market_id: int, underlying: Underlying, expiry: Expiry) -> None:
    market = state.markets[market_id]
    pending = state.marks.get(2 * market_id + ((underlying.round + 1) & 1))
    is_counted = pending is not None and pending.report == underlying.report
    if is_counted and underlying.time != underlying.round_time:
        underlying.priced_count -= 1
    underlying.market_count -= 1
    market.settlement = payoff(market, expiry.settlement_price)
    market.status = MarketStatus.EXPIRED
    expiry.settled_count += 1
    quote = expired_quote(market.settlement)
    for slot in (2 * market_id, 2 * market_id + 1):
        state.marks[slot] = Mark(FOREVER, quote.price, quote.scan)
        state.dirty_marks.add(slot)
    state.dirty_markets.add(market_id)
