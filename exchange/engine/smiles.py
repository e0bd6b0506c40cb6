"""SmileReport: the oracle's signers set an expiry's carry and smile, if nobody could make money of it without risk."""

from __future__ import annotations

from typing import Final

from exchange.engine import steps
from exchange.engine.events import Event, SmileSet
from exchange.engine.pricing import YEAR_SECONDS, Smile, calendar_holds, flaw_of
from exchange.engine.quorum import require_signers
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.state import State

CARRY_LIMIT: Final = 5 * 10**8
"""The forward is less than half of the index away from it, in 1e-9."""


def smile_report(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Set the carry and the smile of an expiry. Raises Rejected with nothing changed.

    Options whose smile got too old are priced again from here on, at their last marks until the next round.
    Not while a round is being marked, so that all marks of a round are by one smile.
    """
    head = steps.SMILE_REPORT.size
    count = (len(step) - head) // steps.SIGNATURE_SIZE
    if len(step) < head or len(step) != head + count * steps.SIGNATURE_SIZE:
        raise Rejected(Reason.MALFORMED)
    _, expiry_id, time, carry, *halves = steps.SMILE_REPORT.unpack_from(step)
    smile = Smile(*(halves[at] << 64 | halves[at + 1] for at in range(0, 10, 2)))
    if expiry_id >= len(state.expiries):
        raise Rejected(Reason.EXPIRY_UNKNOWN)
    expiry = state.expiries[expiry_id]
    _check_time(state, expiry, time)
    if count < state.config.reports_needed:
        raise Rejected(Reason.TOO_FEW_REPORTS)
    if abs(carry) * (expiry.time - time) >= CARRY_LIMIT * YEAR_SECONDS:
        raise Rejected(Reason.CARRY_OUT_OF_RANGE)
    if flaw_of(smile) is not None or not fits_neighbours(state, expiry, smile, time):
        raise Rejected(Reason.SMILE_ARBITRAGE)
    struct_hash = steps.smile_report_hash(expiry_id, time, carry, smile)
    parts = steps.SIGNATURE.iter_unpack(step[head:])
    require_signers(state, signatures, ((struct_hash, r, s, v) for r, s, v in parts))
    set_smile(expiry, smile, carry, time)
    state.dirty_expiries.add(expiry_id)
    state.refresh_pricing(expiry.underlying)
    return [SmileSet(expiry_id, expiry.smile_version, time)]


def set_smile(expiry: Expiry, smile: Smile, carry: int, time: int) -> None:
    """Write what was checked."""
    expiry.carry = carry
    expiry.a, expiry.b, expiry.rho, expiry.m, expiry.sigma = smile
    expiry.smile_time = time
    expiry.smile_version += 1


def fits_neighbours(state: State, expiry: Expiry, smile: Smile, time: int) -> bool:
    """Whether no calendar spread with the expiry before or after it has a negative price at `time`."""
    whole = (1, 1)
    for reference, is_earlier in ((expiry.previous, True), (expiry.next, False)):
        other = state.expiries[reference - 1] if reference else None
        if other is None or not other.smile_time or other.time <= time:
            continue
        theirs = Smile(other.a, other.b, other.rho, other.m, other.sigma)
        scale = (other.time - time, other.time - other.smile_time)
        holds = (
            calendar_holds(theirs, smile, scale, whole) if is_earlier else calendar_holds(smile, theirs, whole, scale)
        )
        if not holds:
            return False
    return True


def _check_time(state: State, expiry: Expiry, time: int) -> None:
    underlying = state.underlyings[expiry.underlying]
    clock = state.header.clock
    if expiry.status != ExpiryStatus.TRADING or expiry.time <= clock:
        raise Rejected(Reason.MARKET_EXPIRED)
    if underlying.time != underlying.round_time:
        raise Rejected(Reason.ROUND_OPEN)
    if time > clock:
        raise Rejected(Reason.REPORT_AHEAD_OF_CLOCK)
    if time < clock - underlying.staleness:
        raise Rejected(Reason.REPORT_STALE)
    if time <= expiry.smile_time:
        raise Rejected(Reason.REPORT_NOT_NEWER)
