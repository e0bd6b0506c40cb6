"""The settlement price of an expiry: the index, weighted by time, over the half hour before it."""

from __future__ import annotations

from typing import Final

from exchange.engine.reasons import Reason, Rejected
from exchange.state.expiry import Expiry
from exchange.state.state import State
from exchange.state.underlying import Underlying

WINDOW_SECONDS: Final = 1_800
LEAST_SECONDS: Final = 900
"""Time for which the index must have been known; the window lasts longer if it takes longer."""


def extend(state: State, underlying: Underlying, time: int) -> None:
    """Count the last price for the time that it held until the next report at `time`, while it was not stale.

    Called before the report is written. Beyond the expiry only what is missing to the least time counts.
    """
    expiry = _next(state, underlying)
    if expiry is None or time <= expiry.time - WINDOW_SECONDS:
        return
    start = max(underlying.time, expiry.time - WINDOW_SECONDS)
    missing = max(0, LEAST_SECONDS - expiry.average_seconds)
    end = min(time, underlying.time + underlying.staleness, max(expiry.time, start + missing))
    if end <= start or not underlying.price:
        return
    expiry.average_sum += underlying.price * (end - start)
    expiry.average_seconds += end - start
    expiry.average_samples += 1
    state.dirty_expiries.add(underlying.next_expiry - 1)


def is_due(underlying: Underlying, expiry: Expiry) -> bool:
    """Whether the average is complete: the index is known up to the expiry, and for long enough."""
    return underlying.time >= expiry.time and expiry.average_seconds >= LEAST_SECONDS


def require_none_due(state: State, underlying: Underlying) -> None:
    """Raise Rejected(ExpiryDue) while the next expiry waits for its settlement: no price may pass it by."""
    expiry = _next(state, underlying)
    if expiry is not None and is_due(underlying, expiry):
        raise Rejected(Reason.EXPIRY_DUE)


def expected(expiry: Expiry, time: int, forward: int) -> int:
    """What the settlement price will be if the index is `forward` from now on; before the window, that itself."""
    remaining = max(0, expiry.time - max(time, expiry.time - WINDOW_SECONDS))
    weight = expiry.average_seconds + remaining
    if not expiry.average_seconds or not weight:
        return forward
    return (expiry.average_sum + forward * remaining) // weight


def _next(state: State, underlying: Underlying) -> Expiry | None:
    return state.expiries[underlying.next_expiry - 1] if underlying.next_expiry else None
