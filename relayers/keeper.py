"""The liquidation keeper: anyone may carry the waterfall on, this daemon does."""

from __future__ import annotations

from exchange.engine import Rejected
from exchange.engine.due import liquidation_steps, venue_steps
from exchange.sequencer import SequencerError
from relayers.ports import StepSink
from relayers.reports import Did, Journal, StepReport, WaitsFor


class LiquidationKeeper:
    """Sends what the engine says may be due: liquidation, backstop, deleveraging, cover, triggers, expiries, payments.

    Holds no state: what is to be done is read from the venue each time, and doing it twice is refused there.
    """

    def __init__(self, sink: StepSink) -> None:
        self._sink = sink

    def step(self) -> StepReport:
        """Look at the markets and at every account once."""
        journal = Journal()
        state = self._sink.state
        for step in venue_steps(state):
            if not self._send(journal, 0, step):
                return journal.report()
        for account in sorted(state.accounts):
            for step in liquidation_steps(state, account):
                if not self._send(journal, account, step):
                    return journal.report()
        return journal.report()

    def _send(self, journal: Journal, subject: int, step: bytes) -> bool:
        try:
            self._sink.submit(step)
        except Rejected:
            return True  # what was due was done by somebody else, or cannot be done at this mark
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, subject, str(error))
            return False
        journal.did(Did.SUBMITTED, subject, "liquidation")
        return True
