"""The liquidation keeper: anyone may carry the waterfall on, this daemon does."""

from __future__ import annotations

from exchange.engine.due import liquidation_steps, venue_steps
from relayers.due_sending import send_due
from relayers.ports import StepSink
from relayers.reports import Journal, StepReport


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
            if not send_due(self._sink, journal, 0, step, what="liquidation"):
                return journal.report()
        for account in sorted(state.accounts):
            for step in liquidation_steps(state, account):
                if not send_due(self._sink, journal, account, step, what="liquidation"):
                    return journal.report()
        return journal.report()
