"""OracleReport: a signed median becomes the index price, under rules that every node applies alike."""

from __future__ import annotations

from exchange.engine import settlement_average, steps
from exchange.engine.events import Event, PriceReported
from exchange.engine.quorum import require_signers
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounds import flip
from exchange.engine.signatures import Signatures
from exchange.state.limits import FACTOR_ONE, PRICE_LIMIT
from exchange.state.state import State
from exchange.state.underlying import Underlying


def oracle_report(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Take the median of enough signed reports as the underlying's price. Raises Rejected with nothing changed.

    All reports are of one time, which is newer than the last price's. Whoever submits first cannot choose for good
    which reports count: until the round flips, more reports of the same time replace fewer. See docs/protocol/state.md.
    """
    head = steps.ORACLE_REPORT.size
    if len(step) < head:
        raise Rejected(Reason.MALFORMED)
    _, underlying_id, time, count = steps.ORACLE_REPORT.unpack_from(step)
    if len(step) != head + count * steps.REPORT.size:
        raise Rejected(Reason.MALFORMED)
    if underlying_id >= len(state.underlyings):
        raise Rejected(Reason.UNDERLYING_UNKNOWN)
    underlying = state.underlyings[underlying_id]
    settlement_average.require_none_due(state, underlying)
    reports = list(steps.REPORT.iter_unpack(step[head:]))
    if any(not 0 < report[0] < PRICE_LIMIT for report in reports):
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    prices = sorted(price for price, confidence, *_ in reports if _speaks(underlying, price, confidence))
    if len(prices) < state.config.reports_needed:
        raise Rejected(Reason.TOO_FEW_REPORTS)
    _check_time(state, underlying, time, len(prices))
    price = prices[(len(prices) - 1) // 2]
    _check_deviation(state, underlying, price)
    require_signers(
        state,
        signatures,
        (
            (steps.oracle_report_hash(underlying_id, price, confidence, time), r, s, v)
            for price, confidence, r, s, v in reports
        ),
    )
    settlement_average.extend(state, underlying, time)
    if 0 < underlying.time < state.header.clock - underlying.staleness:
        underlying.resumed_at = state.header.clock
    underlying.price = price
    underlying.time = time
    underlying.report += 1
    underlying.report_size = len(prices)
    underlying.priced_count = 0
    state.dirty_underlyings.add(underlying_id)
    events: list[Event] = [PriceReported(underlying_id, price, time)]
    if not underlying.market_count:
        events.append(flip(state, underlying_id, underlying))
    return events


def _speaks(underlying: Underlying, price: int, confidence: int) -> bool:
    """Whether a source knows a price: one at its bounds, or unsure of itself, is as good as silent."""
    return underlying.minimum < price < underlying.maximum and confidence * FACTOR_ONE <= price * underlying.confidence


def _check_time(state: State, underlying: Underlying, time: int, size: int) -> None:
    clock = state.header.clock
    if time > clock:
        raise Rejected(Reason.REPORT_AHEAD_OF_CLOCK)
    if time < clock - underlying.staleness:
        raise Rejected(Reason.REPORT_STALE)
    replaces = time == underlying.time and time != underlying.round_time and size > underlying.report_size
    if time <= underlying.time and not replaces:
        raise Rejected(Reason.REPORT_NOT_NEWER)


def _check_deviation(state: State, underlying: Underlying, price: int) -> None:
    if underlying.time >= state.header.clock - underlying.staleness and underlying.price:
        deviation = abs(price - underlying.price)
        if deviation * FACTOR_ONE > underlying.price * underlying.deviation:
            raise Rejected(Reason.PRICE_DEVIATION)
