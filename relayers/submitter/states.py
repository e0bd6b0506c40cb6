"""The life of a submission: one call, one nonce, one or more signed transactions of which one can be mined."""

from collections.abc import Mapping
from enum import StrEnum


class SubmissionState(StrEnum):
    """Where a submission is. The chain decides; a reorganisation may take any step but the last ones back."""

    SIGNED = "signed"
    """Its nonce is taken and its transaction is kept; the node may not have it."""
    BROADCAST = "broadcast"
    """A node took it."""
    INCLUDED = "included"
    """In a block that is not final yet."""
    DISPLACED = "displaced"
    """Another transaction used its nonce, in a block that is not final yet."""
    FINALIZED = "finalized"
    """In a final block, successful."""
    REVERTED = "reverted"
    """In a final block, without effect."""
    CANCELLED = "cancelled"
    """In a final block is the empty transaction that took its place."""
    SUPERSEDED = "superseded"
    """In a final block is somebody else's transaction with its nonce."""
    REFUSED = "refused"
    """No node ever took it; its nonce is free again."""


S = SubmissionState
SUBMISSION_TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    S.SIGNED: frozenset({S.BROADCAST, S.INCLUDED, S.DISPLACED, S.SUPERSEDED, S.REFUSED}),
    S.BROADCAST: frozenset({S.INCLUDED, S.DISPLACED, S.SUPERSEDED}),
    S.INCLUDED: frozenset({S.BROADCAST, S.DISPLACED, S.FINALIZED, S.REVERTED, S.CANCELLED, S.SUPERSEDED}),
    S.DISPLACED: frozenset({S.BROADCAST, S.INCLUDED, S.SUPERSEDED}),
    S.FINALIZED: frozenset(),
    S.REVERTED: frozenset(),
    S.CANCELLED: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.REFUSED: frozenset(),
}
LIVE = tuple(state for state, following in SUBMISSION_TRANSITIONS.items() if following)
HOLDS_NONCE = (S.SIGNED, S.BROADCAST, S.INCLUDED, S.FINALIZED, S.REVERTED, S.CANCELLED)
"""Nobody else may use the nonce of a submission in one of these."""
IN_FLIGHT = (S.SIGNED, S.BROADCAST)


class Outcome(StrEnum):
    """What a submission came to, as far as whoever asked for it is concerned."""

    PENDING = "pending"
    """On its way."""
    INCLUDED = "included"
    """Successful in a block that may yet be reorganised away."""
    FAILED = "failed"
    """Reverted, displaced, cancelled or refused: to be tried anew. Effects, if it does happen later, are the contract's
    to make harmless."""
    DONE = "done"
    """Successful for good."""


def outcome_of(state: SubmissionState, *, succeeded: bool | None) -> Outcome:
    """What a state means to whoever waits for it."""
    if state in IN_FLIGHT:
        return Outcome.PENDING
    if state is S.FINALIZED:
        return Outcome.DONE
    return Outcome.INCLUDED if state is S.INCLUDED and succeeded else Outcome.FAILED
