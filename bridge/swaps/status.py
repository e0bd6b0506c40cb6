"""How far a swap has come, in a word that a trader understands."""

from collections.abc import Mapping
from enum import StrEnum

from bridge.swaps.escrow import LegStatus
from bridge.swaps.machine import Knowledge, Why


class SwapStatus(StrEnum):
    """Seen from one side."""

    AGREED = "agreed"
    """Kept; nothing of one's own is locked."""
    LOCKED = "locked"
    """One's own leg is locked, the other is not."""
    MATCHED = "matched"
    """Both legs are locked."""
    CLAIMED = "claimed"
    """One of the legs was claimed; not all of it is final."""
    PAID = "paid"
    """The other leg was claimed, finally."""
    RETURNED = "returned"
    """One's own leg came back, finally."""
    EXPIRED = "expired"
    """Nothing was ever locked on this side, and nothing can be any more."""
    LOST = "lost"
    """One's own leg was claimed and the other refunded: a bound was broken."""


OUTCOMES: Mapping[Why, SwapStatus] = {
    Why.PAID: SwapStatus.PAID,
    Why.RETURNED: SwapStatus.RETURNED,
    Why.NEVER_LOCKED: SwapStatus.EXPIRED,
    Why.LOST: SwapStatus.LOST,
}
PROGRESS = (SwapStatus.AGREED, SwapStatus.LOCKED, SwapStatus.MATCHED, SwapStatus.CLAIMED, SwapStatus.PAID)
"""The way of a swap that goes through."""


def status_of(outcome: Why | None, knowledge: Knowledge) -> SwapStatus:
    """Where a swap stands, given how it ended, if it did, and both legs."""
    if outcome is not None:
        return OUTCOMES[outcome]
    own, other = knowledge.own.head, knowledge.other.head
    if LegStatus.CLAIMED in (own, other):
        return SwapStatus.CLAIMED
    if own is LegStatus.LOCKED:
        return SwapStatus.MATCHED if other is LegStatus.LOCKED else SwapStatus.LOCKED
    return SwapStatus.AGREED
