"""How keepers send what is due: whoever comes second is refused, and that is no failure."""

from __future__ import annotations

from exchange.engine import Rejected
from exchange.sequencer import SequencerError
from relayers.ports import StepSink
from relayers.reports import Did, Journal, WaitsFor


def send_due(sink: StepSink, journal: Journal, subject: int, step: bytes, *, what: str) -> bool:
    """Send a step that anyone may send; false where the venue takes none now, so that the rest waits too."""
    try:
        sink.submit(step)
    except Rejected:
        return True  # not yet, not at this mark, or somebody else did it
    except SequencerError as error:
        journal.waits_for(WaitsFor.SEQUENCER, subject, str(error))
        return False
    journal.did(Did.SUBMITTED, subject, what)
    return True
