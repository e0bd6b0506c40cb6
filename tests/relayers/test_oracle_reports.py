"""Oracles of several operators: enough of them have to sign for one time, and nobody signs for another."""

import json
from types import SimpleNamespace

import pytest

from chains.http_server import HttpServer, Reply
from clearspan.lab import floor
from exchange.engine import Signer
from exchange.engine.signing import oracle_report
from relayers.oracle_publisher import Oracle, OraclePublisher
from relayers.oracle_reports import HttpReports, Reporter, SignedReport, quorum_of
from relayers.ports import SourcePrice
from relayers.reports import Did, WaitsFor
from tests.exchange.sequencer.venue import BTC, ETH, ORACLES, PRICES, START, Venue


def source(price=PRICES[BTC], time=START):
    return SimpleNamespace(
        latest=lambda underlying: SourcePrice(price_e8=price, time=time) if underlying == BTC else None
    )


def reporter(venue, number, price=PRICES[BTC], time=START, grid=2):
    return Reporter([(ORACLES[number], source(price, time))], venue.domain, grid_seconds=grid)


def quorum(venue, reports, *, needed=3, after=0):
    return quorum_of(reports, venue.domain, known=venue.state.config.signers, needed=needed, after=after)


class TestQuorum:
    def test_reports_of_three_operators_are_one_step_that_the_venue_takes(self):
        venue = Venue()
        prices = [PRICES[BTC], PRICES[BTC] + 100, PRICES[BTC] + 300]
        reporters = [reporter(venue, number, price) for number, price in enumerate(prices)]
        publisher = OraclePublisher(venue.sequencer, [], reports=reporters)
        report = publisher.step()
        assert report.count(Did.PUBLISHED) == 2
        assert venue.state.underlyings[BTC].round_price == prices[1]
        assert publisher.step().did == 0

    def test_too_few_wait_and_publish_nothing(self):
        venue = Venue()
        publisher = OraclePublisher(venue.sequencer, [], reports=[reporter(venue, number) for number in range(2)])
        report = publisher.step()
        assert report.did == 0
        assert [wait.waits_for for wait in report.waiting] == [WaitsFor.PRICE]

    def test_the_newest_time_that_enough_signed_for_counts(self):
        venue = Venue()
        old = [one for number in range(3) for one in reporter(venue, number, time=START).reports(BTC)]
        new = [one for number in range(2) for one in reporter(venue, number, time=START + 4).reports(BTC)]
        assert quorum(venue, old + new)[0] == START
        assert quorum(venue, old + new, needed=2)[0] == START + 4
        assert quorum(venue, old + new, after=START) is None
        assert quorum(venue, []) is None

    def test_one_oracle_counts_once_and_a_stranger_never(self):
        venue = Venue()
        twice = [*reporter(venue, 0).reports(BTC), *reporter(venue, 0, PRICES[BTC] + 5).reports(BTC)]
        assert quorum(venue, [*twice, *reporter(venue, 1).reports(BTC)]) is None
        stranger = Reporter([(Signer(b"\x77" * 32), source())], venue.domain, grid_seconds=2)
        assert quorum(venue, [*twice[:1], *reporter(venue, 1).reports(BTC), *stranger.reports(BTC)]) is None

    def test_what_was_changed_on_the_way_is_nobodys(self):
        """Where it were believed, one publisher could stop all: the venue refuses a step with one bad signature."""
        venue = Venue()
        honest = [one for number in range(2) for one in reporter(venue, number).reports(BTC)]
        (good,) = reporter(venue, 2).reports(BTC)
        for changed in (
            SignedReport(underlying=good.underlying, time=good.time, report="00" * 7 + "01" + good.report[16:]),
            SignedReport(underlying=ETH, time=good.time, report=good.report),
            SignedReport(underlying=good.underlying, time=good.time, report=good.report[:-2] + "00"),
        ):
            assert quorum(venue, [*honest, changed]) is None
        time, parts = quorum(venue, [good, *honest])
        venue.sequencer.submit(oracle_report(BTC, time, parts))


class TestPublisher:
    """Keys of one process, each with a source of its own."""

    @staticmethod
    def published(state, submit, *times):
        oracles = [Oracle(signer=key, source=source(time=time)) for key, time in zip(floor.ORACLES, times, strict=True)]
        report = OraclePublisher(SimpleNamespace(state=state, submit=submit), oracles).step()
        assert report.count(Did.PUBLISHED) == 2
        return state.underlyings[BTC].time, state.underlyings[BTC].report_size

    def test_a_source_that_is_too_slow_holds_up_nobody(self):
        """Its time would be the time of all, and the venue takes none that old."""
        venue = floor.Floor()
        now = venue.state.header.clock
        assert self.published(venue.state, venue.do, now, now, now, now - 61) == (now, 3)

    def test_one_a_little_slower_counts(self):
        venue = floor.Floor()
        now = venue.state.header.clock
        assert self.published(venue.state, venue.do, now, now, now, now - 60) == (now - 60, 4)

    def test_clocks_that_run_ahead_silence_nobody(self):
        venue = floor.Floor()
        now = venue.state.header.clock
        assert self.published(venue.state, venue.do, now + 9_999, now, now + 9_999, now - 1) == (now - 1, 4)


class TestReporter:
    def test_times_lie_on_the_grid_and_no_price_is_newer_than_it_is(self):
        venue = Venue()
        (one,) = reporter(venue, 0, time=START + 5, grid=4).reports(BTC)
        assert one.time == START + 4
        assert reporter(venue, 0).reports(ETH) == []

    def test_it_signs_once_for_a_time_whatever_its_source_says_next(self):
        venue, told = Venue(), [PRICES[BTC], PRICES[BTC] + 1_000]
        changing = SimpleNamespace(latest=lambda _: SourcePrice(price_e8=told.pop(0), time=START))
        reporting = Reporter([(ORACLES[0], changing)], venue.domain, grid_seconds=2)
        assert reporting.reports(BTC) == reporting.reports(BTC)

    def test_only_the_newest_are_offered(self):
        venue, times = Venue(), [START + 2 * number for number in range(9)]
        moving = SimpleNamespace(latest=lambda _: SourcePrice(price_e8=5, time=times[0]))
        reporting = Reporter([(ORACLES[0], moving)], venue.domain, grid_seconds=2)
        for _ in range(9):
            found = reporting.reports(BTC)
            times.pop(0)
        assert [one.time for one in found] == [START + 2 * number for number in range(5, 9)]


class TestOverHttp:
    def test_another_operators_reports_are_read(self):
        venue, theirs = Venue(), None
        theirs = reporter(venue, 1)
        wanted = theirs.reports(BTC)
        with HttpServer(name="reports", gets=lambda _: Reply(body=json.dumps(theirs.served()).encode())) as server:
            source = HttpReports(server.url + "/reports")
            assert source.reports(BTC) == wanted
            assert source.reports(ETH) == []
        assert HttpReports(server.url).reports(BTC) == []

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"{", b'{"reports": 5}', b'{"reports": [{"underlying": 0, "time": 1, "report": "zz"}]}',
         b'{"reports": [{"underlying": -1, "time": 1, "report": "' + b"00" * 81 + b'"}]}', b"\xff"],
    )  # fmt: skip
    def test_nonsense_is_nothing(self, body):
        with HttpServer(name="reports", gets=lambda _: Reply(body=body)) as server:
            assert HttpReports(server.url).reports(BTC) == []
