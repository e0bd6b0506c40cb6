"""The liquidation keeper: anyone may liquidate, this daemon does."""

from __future__ import annotations

from exchange.engine import Rejected, assess
from exchange.engine.steps import cover, liquidate
from exchange.sequencer import SequencerError
from exchange.state.state import State
from relayers.ports import StepSink
from relayers.reports import Did, Journal, StepReport, WaitsFor


class LiquidationKeeper:
    """Sends Liquidate for every account below maintenance and Cover for every one that owes cash with nothing open.

    Holds no state: what is to be done is read from the venue each time, and doing it twice is refused there.
    """

    def __init__(self, sink: StepSink) -> None:
        self._sink = sink

    def step(self) -> StepReport:
        """Look at every account but the insurance fund once."""
        journal = Journal()
        state = self._sink.state
        for account in sorted(state.accounts)[1:]:
            for step in _due(state, account):
                try:
                    self._sink.submit(step)
                except Rejected:
                    continue  # what was due was done by somebody else, or cannot be done at this mark
                except SequencerError as error:
                    journal.waits_for(WaitsFor.SEQUENCER, account, str(error))
                    return journal.report()
                journal.did(Did.SUBMITTED, account, "liquidation")
        return journal.report()


def _due(state: State, account: int) -> list[bytes]:
    leaf = state.accounts[account]
    if not leaf.positions:
        return [cover(account)] if leaf.cash < 0 else []
    try:
        margin = assess(state, account)
    except Rejected:
        return []
    if not margin.is_liquidatable or margin.stale:
        return []
    return [liquidate(account, market) for market in sorted(leaf.positions)]
