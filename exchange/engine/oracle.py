"""OracleReport and Reprice: a signed median, then a round in which every market is priced by it."""

from __future__ import annotations

from typing import Final

from exchange.engine import gates, steps
from exchange.engine.events import Event, PriceReported, RoundFlipped
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import div_down
from exchange.engine.signatures import Signatures
from exchange.state.hashing import keccak256
from exchange.state.limits import FACTOR_ONE, PRICE_LIMIT
from exchange.state.mark import Mark
from exchange.state.market import Market
from exchange.state.state import State
from exchange.state.underlying import Underlying

SCENARIO_MOVES: Final = (
    *((0, 1), (0, 1)),
    *((1, 3), (1, 3)),
    *((-1, 3), (-1, 3)),
    *((2, 3), (2, 3)),
    *((-2, 3), (-2, 3)),
    *((1, 1), (1, 1)),
    *((-1, 1), (-1, 1)),
    *((7, 10), (-7, 10)),
)
"""Price moves of the sixteen scenarios in scan ranges, as fractions; the last two are two ranges at 35 %."""


def oracle_report(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Take the median of enough signed reports as the underlying's price. Raises Rejected with nothing changed.

    The time of the price is the oldest of the reports' times, and that must be newer than the last price: so every
    report is, none can be used twice, and a late one only makes the price older.
    """
    head = steps.ORACLE_REPORT.size
    if len(step) < head:
        raise Rejected(Reason.MALFORMED)
    _, underlying_id, count = steps.ORACLE_REPORT.unpack_from(step)
    if len(step) != head + count * steps.REPORT.size:
        raise Rejected(Reason.MALFORMED)
    if underlying_id >= len(state.underlyings):
        raise Rejected(Reason.UNDERLYING_UNKNOWN)
    underlying = state.underlyings[underlying_id]
    if count < state.config.reports_needed:
        raise Rejected(Reason.TOO_FEW_REPORTS)
    reports = list(steps.REPORT.iter_unpack(step[head:]))
    prices = sorted(report[0] for report in reports)
    times = [report[1] for report in reports]
    _check_reports(state, underlying, prices, times)
    price = prices[(count - 1) // 2]
    _check_signers(state, signatures, underlying_id, reports)
    underlying.price = price
    underlying.time = min(times)
    underlying.priced_count = 0
    state.dirty_underlyings.add(underlying_id)
    events: list[Event] = [PriceReported(underlying_id, price, underlying.time)]
    if not underlying.market_count:
        events.append(_flip(state, underlying_id, underlying))
    return events


def reprice(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Fill a market's inactive mark by the last report; the last market of an underlying flips its round."""
    if len(step) != steps.MARKET_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id = steps.MARKET_STEP.unpack(step)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    underlying = state.underlyings[market.underlying]
    index = 2 * market_id + ((underlying.round + 1) & 1)
    inactive = state.marks.get(index)
    gates.require_none_due(state, market_id)
    if underlying.time == underlying.round_time or (inactive is not None and inactive.time == underlying.time):
        raise Rejected(Reason.NOTHING_TO_REPRICE)
    state.marks[index] = Mark(underlying.time, underlying.price, risk_array(market, underlying.price))
    state.dirty_marks.add(index)
    state.dirty_underlyings.add(market.underlying)
    underlying.priced_count += 1
    if underlying.priced_count < underlying.market_count:
        return []
    return [_flip(state, market.underlying, underlying)]


def risk_array(market: Market, price: int) -> tuple[int, ...]:
    """Profit in 1e-8 USD of a long of 1e8 in each scenario, multiplier included, rounded down."""
    scan = price * market.scan_range * market.multiplier
    return tuple(div_down(scan * numerator, FACTOR_ONE * denominator) for numerator, denominator in SCENARIO_MOVES)


def _flip(state: State, underlying_id: int, underlying: Underlying) -> RoundFlipped:
    underlying.round += 1
    underlying.round_price = underlying.price
    underlying.round_time = underlying.time
    state.refresh_pricing(underlying_id)
    return RoundFlipped(underlying_id, underlying.round, underlying.price, underlying.time)


def _check_reports(state: State, underlying: Underlying, prices: list[int], times: list[int]) -> None:
    clock = state.header.clock
    staleness = state.config.oracle_staleness
    if not (prices[0] > 0 and prices[-1] < PRICE_LIMIT):
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    if max(times) > clock:
        raise Rejected(Reason.REPORT_AHEAD_OF_CLOCK)
    if min(times) < clock - staleness:
        raise Rejected(Reason.REPORT_STALE)
    if min(times) <= underlying.time:
        raise Rejected(Reason.REPORT_NOT_NEWER)
    if underlying.time >= clock - staleness and underlying.price:
        deviation = abs(prices[(len(prices) - 1) // 2] - underlying.price)
        if deviation * FACTOR_ONE > underlying.price * state.config.oracle_deviation:
            raise Rejected(Reason.PRICE_DEVIATION)


def _check_signers(
    state: State, signatures: Signatures, underlying_id: int, reports: list[tuple[int, int, bytes, bytes, int]]
) -> None:
    last = b""
    for price, time, r, s, v in reports:
        digest = keccak256(state.domain_prefix + steps.oracle_report_hash(underlying_id, price, time))
        signer = signatures.recover(digest, r, s, v)
        if signer is None or signer <= last or signer not in state.config.signers:
            raise Rejected(Reason.REPORT_SIGNER_UNKNOWN)
        last = signer
