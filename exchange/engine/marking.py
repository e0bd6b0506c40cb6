"""Reprice: the marks of up to eight markets by the last report; the last of an underlying flips its round."""

from __future__ import annotations

from itertools import pairwise
from struct import Struct as Layout
from typing import Final

from exchange.engine import funding, gates, settlement_average
from exchange.engine.events import Event, FundingCharged
from exchange.engine.impact import impact_price
from exchange.engine.pricing import (
    YEAR_SECONDS,
    OptionTerms,
    Quote,
    Smile,
    clipped_variance,
    linear_quote,
    moneyness,
    option_quote,
    sqrt,
)
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.requirements import growth_at
from exchange.engine.rounding import div_down
from exchange.engine.rounds import flip, is_complete
from exchange.engine.signatures import Signatures
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.limits import FACTOR_ONE, PRICE_LIMIT
from exchange.state.mark import Mark
from exchange.state.market import NO_EXPIRY, Market, MarketKind, MarketStatus
from exchange.state.order import Side
from exchange.state.pricing import SHORT_MINIMUM_SHARE
from exchange.state.state import State
from exchange.state.underlying import Underlying

MARKETS_PER_STEP: Final = 8
CARRY_ONE: Final = 10**9
BASIS_SECONDS: Final = 600
"""Time constant of the average basis."""

BASIS_SHARE: Final = 4
"""Neither basis nor mark leaves the index by more than a fourth of the scan range."""

_OPTIONS: Final = (MarketKind.CALL, MarketKind.PUT)


def reprice(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Fill the inactive marks of markets of one underlying and expiry. Raises Rejected with nothing changed."""
    count = (len(step) - 1) // 2
    if len(step) != 1 + 2 * count or not 1 <= count <= MARKETS_PER_STEP:
        raise Rejected(Reason.MALFORMED)
    market_ids = Layout(f">{count}H").unpack_from(step, 1)
    markets = _markets(state, market_ids)
    underlying_id = markets[0].underlying
    underlying = state.underlyings[underlying_id]
    expiry = None if markets[0].expiry == NO_EXPIRY else state.expiries[markets[0].expiry]
    if expiry is not None and expiry.status == ExpiryStatus.SETTLED:
        raise Rejected(Reason.EXPIRY_DUE)
    slot = (underlying.round + 1) & 1
    due = [market_id for market_id in market_ids if needs_mark(state, market_id)]
    if not due:
        raise Rejected(Reason.NOTHING_TO_REPRICE)
    for market_id in due:
        gates.require_none_due(state, market_id)

    # Nothing below can fail.
    events: list[Event] = []
    for market_id in due:
        market = state.markets[market_id]
        if expiry is not None:
            mark = dated_mark(state, market, underlying, expiry)
        else:
            mark = perpetual_mark(state, market_id, underlying, events)
        state.marks[2 * market_id + slot] = mark
        state.dirty_marks.add(2 * market_id + slot)
    state.dirty_underlyings.add(underlying_id)
    underlying.priced_count += len(due)
    if is_complete(underlying):
        events.append(flip(state, underlying_id, underlying))
    return events


def needs_mark(state: State, market_id: int) -> bool:
    """Whether a market lacks a mark by the underlying's last report, which no round has been made of yet."""
    market = state.markets[market_id]
    underlying = state.underlyings[market.underlying]
    if underlying.time == underlying.round_time or market.status >= MarketStatus.EXPIRED:
        return False
    mark = state.marks.get(2 * market_id + ((underlying.round + 1) & 1))
    return mark is None or mark.report != underlying.report


def outstanding(state: State, underlying_id: int) -> list[tuple[int, ...]]:
    """Markets that lack a mark, in groups that Reprice takes: up to eight of one expiry, perpetuals apart."""
    groups: dict[int, list[int]] = {}
    for market_id in state.markets_of[underlying_id]:
        if needs_mark(state, market_id):
            groups.setdefault(state.markets[market_id].expiry, []).append(market_id)
    return [
        tuple(group[at : at + MARKETS_PER_STEP])
        for group in groups.values()
        for at in range(0, len(group), MARKETS_PER_STEP)
    ]


def perpetual_mark(state: State, market_id: int, underlying: Underlying, events: list[Event]) -> Mark:
    """Mark of a perpetual: the median of index plus average basis, book and last trade, near the index.

    Also samples the premium and charges funding when an hour is over. Without a funding cap the mark is the index.
    """
    market = state.markets[market_id]
    index, time = underlying.price, underlying.time
    if not market.funding_cap:
        return _mark(market, underlying, linear_quote(index, market.scan_range, market.multiplier), index)
    bid, ask = (impact_price(state, market_id, side) for side in (Side.BID, Side.ASK))
    bound = index * market.scan_range // (FACTOR_ONE * BASIS_SHARE)
    middle = None if bid is None or ask is None else (bid + ask) // 2
    _follow_basis(market, time, 0 if middle is None else max(-bound, min(bound, middle - index)))
    if time > market.premium_time:
        funding.sample(market, time, funding.premium(index, bid, ask))
        rate = funding.accrue(market, time, index)
        if rate:
            events.append(FundingCharged(market_id, rate, market.funding_index))
    state.dirty_markets.add(market_id)
    fair = index + market.basis
    median = sorted((fair, fair if middle is None else middle, market.last_price or fair))[1]
    price = max(1, index - bound, min(PRICE_LIMIT - 1, index + bound, median))
    return _mark(market, underlying, linear_quote(price, market.scan_range, market.multiplier), index)


def dated_mark(state: State, market: Market, underlying: Underlying, expiry: Expiry) -> Mark:
    """Mark of a future or an option: by its expiry's forward and smile, computed ahead by a worker or here."""
    if market.kind in _OPTIONS:
        terms = option_terms(market, underlying, expiry)
        quote = state.quotes.get(terms)
        if quote is None:
            quote = option_quote(terms)
    else:
        quote = linear_quote(forward_of(underlying, expiry), market.scan_range, market.multiplier)
    return _mark(market, underlying, quote, underlying.price)


def forward_of(underlying: Underlying, expiry: Expiry) -> int:
    """The expiry's forward by the last report: index and carry, and in the last half hour the average so far."""
    seconds = max(0, expiry.time - underlying.time)
    forward = underlying.price + underlying.price * expiry.carry * seconds // (CARRY_ONE * YEAR_SECONDS)
    return max(1, min(PRICE_LIMIT - 1, settlement_average.expected(expiry, underlying.time, forward)))


def option_terms(market: Market, underlying: Underlying, expiry: Expiry) -> OptionTerms:
    """Everything that the quote of an option depends on, by the last report.

    The variance that is left is the smile's for the whole of its time, in proportion.
    """
    forward = forward_of(underlying, expiry)
    seconds = max(0, expiry.time - underlying.time)
    smile = Smile(expiry.a, expiry.b, expiry.rho, expiry.m, expiry.sigma)
    variance = clipped_variance(smile, moneyness(forward, market.strike))
    span = max(1, expiry.time - expiry.smile_time)
    return OptionTerms(
        forward,
        market.strike,
        market.kind == MarketKind.CALL,
        sqrt(variance * seconds // span),
        seconds,
        market.scan_range,
        expiry.volatility_range,
        market.multiplier,
    )


def terms_outstanding(state: State, underlying_id: int) -> list[OptionTerms]:
    """What workers should quote ahead of the Reprice steps: `state.quotes[terms] = option_quote(terms)`."""
    underlying = state.underlyings[underlying_id]
    return [
        option_terms(market, underlying, state.expiries[market.expiry])
        for market_id in state.markets_of[underlying_id]
        if (market := state.markets[market_id]).kind in _OPTIONS and needs_mark(state, market_id)
    ]


def mark_at(state: State, market_id: int, mark: Mark, underlying: Underlying) -> Mark:
    """What a market's mark would be if the underlying were as given and all else as it is.

    A perpetual's premium stays what it is in the active round's `mark`.
    """
    market = state.markets[market_id]
    if market.expiry != NO_EXPIRY:
        return dated_mark(state, market, underlying, state.expiries[market.expiry])
    price = mark.price + underlying.price - state.underlyings[market.underlying].round_price
    price = max(1, min(PRICE_LIMIT - 1, price))
    return _mark(market, underlying, linear_quote(price, market.scan_range, market.multiplier), underlying.price)


def risk_array(market: Market, price: int) -> tuple[int, ...]:
    """Profit in 1e-8 USD of a long of 1e8 in each scenario, multiplier included, rounded down."""
    return linear_quote(price, market.scan_range, market.multiplier).scan


def _mark(market: Market, underlying: Underlying, quote: Quote, index: int) -> Mark:
    short_minimum = 0
    if market.kind in _OPTIONS:
        short_minimum = div_down(index * market.scan_range * market.multiplier, FACTOR_ONE * SHORT_MINIMUM_SHARE)
    return Mark(
        underlying.time,
        quote.price,
        quote.scan,
        underlying.report,
        market.funding_index,
        quote.delta,
        quote.vega,
        short_minimum,
        growth_at(market, market.open_interest),
    )


def _follow_basis(market: Market, time: int, basis: int) -> None:
    elapsed = min(BASIS_SECONDS, time - market.basis_time) if market.basis_time else 0
    market.basis += (basis - market.basis) * elapsed // BASIS_SECONDS
    market.basis_time = time


def _markets(state: State, market_ids: tuple[int, ...]) -> list[Market]:
    if any(later <= earlier for earlier, later in pairwise(market_ids)):
        raise Rejected(Reason.MALFORMED)
    if market_ids[-1] >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    markets = [state.markets[market_id] for market_id in market_ids]
    if len({(market.underlying, market.expiry) for market in markets}) != 1:
        raise Rejected(Reason.MALFORMED)
    return markets
