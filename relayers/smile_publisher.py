"""Has oracles sign the smiles of expiries and brings them into the venue, before the old ones get too old."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.engine import Rejected, Signer, sign_smile_report
from exchange.sequencer import SequencerError
from exchange.state.expiry import ExpiryStatus
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.ports import SmileSource, SourceSmile, StepSink
from relayers.reports import Did, Journal, StepReport, WaitsFor


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileOracle:
    """One signing key and where it has its smiles from."""

    signer: Signer
    source: SmileSource


class SmilePublisher:
    """Publishes the smile of every expiry for which enough oracles have the same newer one.

    Keeps nothing: what was published is in the venue's state. A smile is refused while a round is being marked, and
    where somebody could make money of it without risk: then the old one ages until nobody trades by it.
    """

    def __init__(self, sink: StepSink, oracles: Sequence[SmileOracle], *, hook: Hook = no_hook) -> None:
        self._sink = sink
        self._oracles = sorted(oracles, key=lambda oracle: oracle.signer.address)
        self._hook = hook

    def step(self) -> StepReport:
        """One smile at most for each expiry."""
        journal = Journal()
        state = self._sink.state
        for expiry_id, expiry in enumerate(state.expiries):
            if expiry.status == ExpiryStatus.TRADING and expiry.time > state.header.clock:
                try:
                    self._publish(journal, expiry_id, expiry.smile_time)
                except (Rejected, SequencerError) as error:
                    journal.waits_for(WaitsFor.PRICE, f"smile {expiry_id}", str(error))
        return journal.report()

    def _publish(self, journal: Journal, expiry_id: int, last: int) -> None:
        state = self._sink.state
        found = [(oracle.signer, oracle.source.latest(expiry_id)) for oracle in self._oracles]
        fresh = [(signer, smile) for signer, smile in found if smile is not None and smile.time > last]
        if not fresh:
            return
        chosen = _most_said([smile for _, smile in fresh])
        signers = [signer for signer, smile in fresh if smile == chosen]
        if len(signers) < state.config.reports_needed:
            said = f"{len(signers)} of {state.config.reports_needed} oracles agree"
            journal.waits_for(WaitsFor.PRICE, f"smile {expiry_id}", said)
            return
        step = sign_smile_report(
            signers, state.domain, expiry=expiry_id, time=chosen.time, carry=chosen.carry, smile=chosen.smile
        )
        self._sink.submit(step)
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.PUBLISHED, f"smile {expiry_id}")


def _most_said(smiles: Sequence[SourceSmile]) -> SourceSmile:
    """The one that most oracles have; the newer of two that as many have."""
    counts = Counter(smiles)
    return max(counts, key=lambda smile: (counts[smile], smile.time))
