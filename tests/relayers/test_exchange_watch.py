"""A poster that does not keep up and an oracle whose price is old are not ready, and say why."""

from types import SimpleNamespace

import pytest

from exchange.sequencer import Unavailable, UnavailableReason
from relayers.exchange_watch import BacklogBounds, BacklogWatch, Following, PriceWatch
from relayers.reports import StepReport, WaitsFor

IDLE = SimpleNamespace(step=StepReport)


class Source:
    posted_batches, backlog_bytes = 0, 0


def backlog():
    source, now = Source(), [0.0]
    bounds = BacklogBounds(backlog_bytes_max=100, unposted_seconds_max=60)
    return source, now, BacklogWatch(IDLE, source, bounds, monotonic=lambda: now[0])


def values(watch):
    return {(sample.name, *sample.labels): sample.value for sample in watch.samples()}


class TestBacklog:
    def test_ready_while_it_keeps_up(self):
        source, now, watch = backlog()
        for number in range(5):
            now[0] += 50
            source.posted_batches, source.backlog_bytes = number, 80
            watch.step()
            assert watch.not_ready() == []
        assert values(watch)["exchange_backlog_bytes", "poster"] == 80

    def test_not_ready_when_nothing_is_posted_though_something_waits(self):
        source, now, watch = backlog()
        watch.step()
        now[0] = 1_000
        watch.step()
        assert watch.not_ready() == []  # nothing waited
        source.backlog_bytes = 10
        now[0] = 1_050
        watch.step()
        assert watch.not_ready() == []
        now[0] = 1_061
        watch.step()
        assert watch.not_ready() == ["no batch was posted for 61 s"]
        assert values(watch)["exchange_unposted_seconds", "poster"] == 61
        source.posted_batches = 1
        watch.step()
        assert watch.not_ready() == []

    def test_not_ready_when_too_much_waits(self):
        source, _, watch = backlog()
        source.backlog_bytes = 101
        watch.step()
        assert watch.not_ready() == ["101 bytes wait to be posted"]


def prices(**options):
    leaf = SimpleNamespace(round_time=0, staleness=300)
    venue, now = SimpleNamespace(state=SimpleNamespace(underlyings=[leaf])), [10_000]
    return leaf, now, PriceWatch(IDLE, venue, ["BTC"], lambda: now[0], **options)


class TestPrices:
    def test_not_ready_without_a_price_or_with_an_old_one(self):
        leaf, now, watch = prices()
        watch.step()
        assert watch.not_ready() == ["BTC has no price"]
        assert values(watch) == {}
        leaf.round_time = 9_700
        watch.step()
        assert watch.not_ready() == []
        now[0] = 10_001
        assert watch.not_ready() == ["the price of BTC is 301 s old"]
        assert values(watch) == {("exchange_price_age_seconds", "BTC"): 301}

    def test_the_operator_may_ask_for_more(self):
        leaf, _, watch = prices(age_seconds_max=60)
        leaf.round_time = 9_900
        watch.step()
        assert watch.not_ready() == ["the price of BTC is 100 s old"]


@pytest.mark.parametrize("works", [True, False])
def test_who_reads_the_state_follows_the_log_first(works):
    steps = []

    def follow():
        if not works:
            raise Unavailable(UnavailableReason.NO_ANSWER)

    daemon = SimpleNamespace(step=lambda: steps.append(1) or StepReport())
    report = Following(daemon, SimpleNamespace(follow=follow)).step()
    assert len(steps) == works
    assert [wait.waits_for for wait in report.waiting] == ([] if works else [WaitsFor.SEQUENCER])
