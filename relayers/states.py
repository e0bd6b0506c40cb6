"""The life of a packet, as a relayer sees it."""

from collections.abc import Mapping
from enum import StrEnum


class PacketState(StrEnum):
    """Where a packet is. What a state claims is checked against the chains, never the other way round."""

    SENT = "sent"
    """In a finalised block of the source, its id checked."""
    DELIVERING = "delivering"
    """About to be handed to the destination, or just handed over."""
    EXPIRING = "expiring"
    """About to be expired at the destination, or just expired."""
    ANSWERED = "answered"
    """Its receipt is finalised at the destination and its parts are known."""
    ACKNOWLEDGING = "acknowledging"
    """About to be acknowledged at the source, or just acknowledged."""
    ACKNOWLEDGED = "acknowledged"
    """Its commitment is cleared at the source in a finalised block."""
    SET_ASIDE = "set aside"
    """Nothing is spent on it before an operator says so, for the reason in its row; a poison packet still expires, and
    any that others have seen through is acknowledged."""
    ABANDONED = "abandoned"
    """It can never be delivered, for the reason in its row."""


class AbandonReason(StrEnum):
    """Why a packet can never be delivered."""

    ID_MISMATCH = "IdMismatch"
    """The events of the packet do not hash to its id."""
    MALFORMED = "Malformed"
    """The events do not describe a packet of this version."""
    WRONG_PEER = "WrongPeer"
    """It is for another mailbox than the destination's."""
    NOT_COMMITTED = "NotCommitted"
    """The source's storage does not hold its commitment: the event was a lie."""


class AsideReason(StrEnum):
    """Why a packet is set aside."""

    POISON = "Poison"
    """Its delivery failed too often. It still expires, and is settled when somebody else delivers it."""
    DENIED = "Denied"
    """Its sender or its route is on the deny list, or not on the allow list."""
    UNACKNOWLEDGED = "Unacknowledged"
    """Taking its answer back failed too often. It is settled when somebody else takes it."""
    SKIPPED = "Skipped"
    """An operator said so."""


S = PacketState
TRANSITIONS: Mapping[PacketState, frozenset[PacketState]] = {
    S.SENT: frozenset({S.DELIVERING, S.EXPIRING, S.ANSWERED, S.ACKNOWLEDGED, S.ABANDONED, S.SET_ASIDE}),
    S.DELIVERING: frozenset({S.SENT, S.ANSWERED, S.ACKNOWLEDGED}),
    S.EXPIRING: frozenset({S.SENT, S.ANSWERED, S.ACKNOWLEDGED}),
    S.ANSWERED: frozenset({S.ACKNOWLEDGING, S.ACKNOWLEDGED, S.SET_ASIDE}),
    S.ACKNOWLEDGING: frozenset({S.ANSWERED, S.ACKNOWLEDGED}),
    S.ACKNOWLEDGED: frozenset(),
    S.SET_ASIDE: frozenset({S.SENT, S.EXPIRING, S.ANSWERED, S.ACKNOWLEDGED}),
    S.ABANDONED: frozenset(),
}
"""Legal transitions. Going back from an -ING state means that the attempt left no trace on chain."""

UNANSWERED = (S.SENT, S.DELIVERING, S.EXPIRING, S.SET_ASIDE)
TERMINAL = tuple(state for state, following in TRANSITIONS.items() if not following)


class TaskState(StrEnum):
    """Where a thing to be done once on a chain is."""

    WAITING = "waiting"
    """To be done."""
    ACTING = "acting"
    """About to be done, or just done; the chain knows which."""
    DONE = "done"
    """Done, in a finalised block."""


T = TaskState
TASK_TRANSITIONS: Mapping[TaskState, frozenset[TaskState]] = {
    T.WAITING: frozenset({T.ACTING, T.DONE}),
    T.ACTING: frozenset({T.WAITING, T.DONE}),
    T.DONE: frozenset(),
}
