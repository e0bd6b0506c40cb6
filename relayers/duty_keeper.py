"""The duty keeper: steps that anyone may send and somebody has to."""

from __future__ import annotations

from collections.abc import Iterator

from exchange.engine.steps import lapse_reservation, serve_queue
from exchange.state.reservation import ReservationStatus
from exchange.state.state import State
from relayers.due_sending import send_due
from relayers.ports import StepSink
from relayers.reports import Journal, StepReport


class DutyKeeper:
    """Serves who waits for a vault and ends reservations that were not kept.

    Holds no state: what is to be done is read from the venue each time, and doing it twice is refused there.
    """

    def __init__(self, sink: StepSink) -> None:
        self._sink = sink

    def step(self) -> StepReport:
        """Do what is due now."""
        journal = Journal()
        for subject, step in list(_due(self._sink.state)):
            if not send_due(self._sink, journal, subject, step, what="duty"):
                break
        return journal.report()


def _due(state: State) -> Iterator[tuple[int, bytes]]:
    reached = min(state.header.clock, state.header.queue_time)
    for account, held in sorted(state.reservations.items()):
        if held.status == ReservationStatus.OPEN and held.deadline <= reached:
            yield account, lapse_reservation(account)
    for asset, shortage in sorted(state.shortages.items()):
        if shortage.head:
            first = state.waiting[shortage.head - 1]
            if first.amount <= state.assets[asset].inventory:
                yield asset, serve_queue(asset)
