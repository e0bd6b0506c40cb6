"""A sequencer in another process, as the venue's daemons reach it: the same methods and errors as `Sequencer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from exchange import engine
from exchange.rollup import Batch
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sdk.venue_client import VenueClient
from exchange.sequencer import (
    BatchReason,
    BatchRefused,
    Confirmation,
    LogCorrupt,
    LogDiverged,
    UnavailableReason,
)
from exchange.sequencer import Unavailable as SequencerUnavailable
from exchange.serving.asked import ENTRIES_MAX, Batches, LogEntry
from exchange.serving.follower import Follower
from exchange.state import State, WithdrawalProof

T = TypeVar("T")
_REASONS = {reason.value: reason for reason in engine.Reason}
_BATCH_REASONS = {reason.value: reason for reason in BatchReason}
_UNAVAILABLE = {reason.value: reason for reason in UnavailableReason}


class RemoteSequencer:
    """For one thread. Whoever reads `state` gives it a follower, and calls `follow` before looking.

    operators: the address for the operator's own daemons, which hands out batches.
    """

    def __init__(
        self, client: VenueClient, *, operators: VenueClient | None = None, follower: Follower | None = None
    ) -> None:
        self._client = client
        self._operators = operators
        self._follower = follower

    # Taking in

    def submit(self, step: bytes) -> Confirmation:
        """See Sequencer; the state has it afterwards."""
        confirmation = _typed(lambda: self._client.submit(step))
        if self._follower is not None:
            self.follow()
        return confirmation

    # The state

    @property
    def state(self) -> State:
        """As of the last look, to be read only."""
        if self._follower is None:
            raise ValueError("nobody follows the log")
        return self._follower.state

    def follow(self) -> None:
        """Execute what the log has since the last look; a log that is another one now is read from its beginning."""
        follower = self._follower
        if follower is None:
            raise ValueError("nobody follows the log")
        _typed(lambda: self._follow_from_anywhere(follower))

    def _follow_from_anywhere(self, follower: Follower) -> None:
        try:
            self._follow(follower)
        except (LogCorrupt, LogDiverged, Rejected):
            follower.restart()
            self._follow(follower)

    def _follow(self, follower: Follower) -> None:
        while True:
            entries = self._client.ask("log", list[LogEntry], height=follower.height)
            follower.take(entries)
            if len(entries) < ENTRIES_MAX:
                return

    # Batches

    @property
    def posted_batches(self) -> int:
        """See Sequencer."""
        return self._batches().posted

    @property
    def backlog_bytes(self) -> int:
        """See Sequencer."""
        return self._batches().backlog_bytes

    def next_batch(self) -> Batch | None:
        """See Sequencer."""
        batch: Batch | None = self._of_operators("next_batch", Batch | None)
        return batch

    def confirm_posted(self, index: int, commitment: bytes) -> None:
        """See Sequencer; the venue believes its settlement chain only."""
        self._of_operators("confirm_posted", None, index=index, commitment=commitment)

    def recut(self, index: int, *, earliest: int, overdue: int | None = None) -> object:  # noqa: ARG002 - not believed
        """See Sequencer; the venue asks its settlement chain whether and from when on."""
        return self._of_operators("recut", int, index=index)

    @property
    def forced_cursor(self) -> int:
        """See Sequencer."""
        return self._batches().queue_cursor

    def withdrawals_in(self, batch_index: int) -> tuple[WithdrawalProof, ...]:
        """See Sequencer."""
        return _typed(lambda: self._client.ask("withdrawals", tuple[WithdrawalProof, ...], batch=batch_index))

    def prove_withdrawal(self, withdrawal_id: int, batch_index: int) -> WithdrawalProof:
        """See Sequencer."""
        asked = {"withdrawal": withdrawal_id, "batch": batch_index}
        return _typed(lambda: self._client.ask("withdrawal_proof", WithdrawalProof, **asked))

    def _batches(self) -> Batches:
        return _typed(lambda: self._client.ask("batches", Batches))

    def _of_operators(self, question: str, kind: Any, **parameters: Any) -> Any:
        operators = self._operators
        if operators is None:
            raise ValueError("no address for the operator's daemons")
        return _typed(lambda: operators.ask(question, kind, **parameters))


def _typed(action: Callable[[], T]) -> T:
    """The action's answer; the SDK's errors as those of engine and sequencer."""
    try:
        return action()
    except Rejected as error:
        if error.reason in _REASONS:
            raise engine.Rejected(_REASONS[error.reason]) from error
        if error.reason in _BATCH_REASONS and error.detail.isdecimal():
            raise BatchRefused(_BATCH_REASONS[error.reason], int(error.detail)) from error
        raise SequencerUnavailable(UnavailableReason.NO_ANSWER) from error
    except Unavailable as error:
        raise SequencerUnavailable(_UNAVAILABLE.get(error.reason, UnavailableReason.NO_ANSWER)) from error
