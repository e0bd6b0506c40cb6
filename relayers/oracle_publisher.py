"""Has oracles sign prices and brings them into the venue: one report, then a new mark for every market."""

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.engine import Rejected, Signer
from exchange.engine.expiring import due_expiry, markets_to_end
from exchange.engine.marking import outstanding
from exchange.engine.settling import accounts_to_pay
from exchange.engine.signing import oracle_report
from exchange.engine.steps import reprice, settle_expiry, settle_positions
from exchange.sequencer import SequencerError
from exchange.sequencer.quote_workers import QuoteWorkers
from exchange.state import MarketStatus, Underlying
from exchange.state.limits import FACTOR_ONE
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.oracle_reports import ReportSource, quorum_of, signed_part
from relayers.ports import PriceSource, SourcePrice, StepSink
from relayers.reports import Did, Journal, StepReport, WaitsFor


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """One signing key and where it has its prices from."""

    signer: Signer
    source: PriceSource


class OraclePublisher:
    """Publishes every underlying for which enough oracles have a newer price.

    `oracles` are keys of this process; `reports` are signed already, by this operator's keys and by others'.
    Keeps nothing: what was published, and which markets still lack a mark, is in the venue's state.
    """

    def __init__(
        self,
        sink: StepSink,
        oracles: Sequence[Oracle],
        *,
        reports: Sequence[ReportSource] = (),
        quotes: QuoteWorkers | None = None,
        hook: Hook = no_hook,
    ) -> None:
        self._sink = sink
        self._reports = reports
        self._quotes = quotes
        self._oracles = sorted(oracles, key=lambda oracle: oracle.signer.address)
        self._hook = hook

    def step(self) -> StepReport:
        """One report at most for each underlying, and every mark that is outstanding."""
        journal = Journal()
        for underlying in range(len(self._sink.state.underlyings)):
            try:
                self._settle(journal, underlying)
                self._reprice(journal, underlying)
                if self._report(journal, underlying):
                    self._hook(CrashPoint.AFTER_ACT)
                    self._reprice(journal, underlying)
                    self._settle(journal, underlying)
            except (Rejected, SequencerError) as error:
                journal.waits_for(WaitsFor.PRICE, underlying, str(error))
        return journal.report()

    def _report(self, journal: Journal, underlying: int) -> bool:
        return self._sign(journal, underlying) or self._collect(journal, underlying)

    def _collect(self, journal: Journal, underlying: int) -> bool:
        """Of what was signed elsewhere, the newest time that enough oracles signed for."""
        if not self._reports:
            return False
        state = self._sink.state
        found = [one for source in self._reports for one in source.reports(underlying)]
        last, needed = state.underlyings[underlying].time, state.config.reports_needed
        quorum = quorum_of(found, state.domain, known=state.config.signers, needed=needed, after=last)
        if quorum is None:
            if any(one.time > last for one in found):
                journal.waits_for(WaitsFor.PRICE, underlying, f"fewer than {needed} oracles agree on a time")
            return False
        time, parts = quorum
        self._sink.submit(oracle_report(underlying, time, parts))
        journal.did(Did.PUBLISHED, underlying)
        return True

    def _sign(self, journal: Journal, underlying: int) -> bool:
        state = self._sink.state
        last = state.underlyings[underlying].time
        prices = [(oracle.signer, oracle.source.latest(underlying)) for oracle in self._oracles]
        heard = [(signer, price) for signer, price in prices if price is not None and price.time > last]
        spoken = [(signer, price) for signer, price in heard if _is_price(state.underlyings[underlying], price)]
        oldest = _oldest_of_use(
            [price.time for _, price in spoken], state.config.reports_needed, state.underlyings[underlying].staleness
        )
        fresh = [(signer, price) for signer, price in spoken if price.time >= oldest]
        if not heard:
            return False
        if len(fresh) < state.config.reports_needed:
            journal.waits_for(WaitsFor.PRICE, underlying, f"{len(fresh)} of {state.config.reports_needed} oracles")
            return False
        # One time for all, and no price is said to be newer than it is.
        time = min(price.time for _, price in fresh)
        reports = [signed_part(signer, state.domain, underlying, price, time) for signer, price in fresh]
        self._sink.submit(oracle_report(underlying, time, reports))
        journal.did(Did.PUBLISHED, underlying)
        return True

    def _reprice(self, journal: Journal, underlying: int) -> None:
        """Also after a crash between the report and the marks: the state says which are missing."""
        if self._quotes is not None:
            self._quotes.prepare(self._sink.state, underlying)
        for group in outstanding(self._sink.state, underlying):
            self._sink.submit(reprice(*group))
            self._hook(CrashPoint.AFTER_ACT)
            for market in group:
                journal.did(Did.PUBLISHED, f"{underlying}/{market}")

    def _settle(self, journal: Journal, underlying: int) -> None:
        """Ends what has expired: no newer price is taken before that."""
        state = self._sink.state
        expiry = due_expiry(state, underlying)
        while expiry is not None:
            self._sink.submit(settle_expiry(expiry, *markets_to_end(state, expiry)))
            self._hook(CrashPoint.AFTER_ACT)
            journal.did(Did.PUBLISHED, f"{underlying}/expiry {expiry}")
            expiry = due_expiry(state, underlying)
        for market in state.markets_of[underlying]:
            leaf = state.markets[market]
            if leaf.status == MarketStatus.EXPIRED and (leaf.open_interest or leaf.funding_pool):
                self._pay_out(journal, market)

    def _pay_out(self, journal: Journal, market: int) -> None:
        """Turns the positions of an ended market into cash."""
        while accounts := accounts_to_pay(self._sink.state, market):
            self._sink.submit(settle_positions(market, accounts))
            self._hook(CrashPoint.AFTER_ACT)
            journal.did(Did.PUBLISHED, f"market {market}, {len(accounts)} paid")


def _is_price(underlying: Underlying, price: SourcePrice) -> bool:
    """Whether a source says anything at all: nothing, what lies out of bounds and what is too vague is silence."""
    is_sure = price.confidence_e8 * FACTOR_ONE <= price.price_e8 * underlying.confidence
    return is_sure and underlying.minimum < price.price_e8 < underlying.maximum


def _oldest_of_use(times: Sequence[int], needed: int, staleness: int) -> int:
    """The time before which a price is too old beside those of the `needed` newest: a slow source holds up nobody.

    Clocks that run ahead move it no further than the newest honest one, while they are fewer than `needed`.
    """
    return sorted(times, reverse=True)[needed - 1] - staleness if len(times) >= needed else 0
