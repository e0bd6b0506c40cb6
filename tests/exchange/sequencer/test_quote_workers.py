"""Who computes a quote changes nothing."""

from exchange.engine import set_clock, steps
from exchange.engine.marking import outstanding
from exchange.sequencer.quote_workers import QuoteWorkers
from tests.exchange.engine.conftest import BTC
from tests.exchange.engine.derivatives import Derivatives


def test_workers_quote_what_the_steps_would_have_computed() -> None:
    venue, twin = Derivatives(), Derivatives()
    with QuoteWorkers(1) as workers:
        for usd in (50_000, 51_234.5):
            for acting in (venue, twin):
                set_clock(acting.state, acting.state.header.clock + 1)
                acting.do(acting.report(BTC, usd))
            assert workers.prepare(venue.state, BTC) == 3
            kept = dict(venue.state.quotes)
            for acting in (venue, twin):
                for group in outstanding(acting.state, BTC):
                    acting.do(steps.reprice(*group))
            assert venue.state.commit() == twin.state.commit()
            assert venue.state.quotes == kept
        assert workers.prepare(venue.state, BTC) == 0
    assert venue.state.quotes == {}
