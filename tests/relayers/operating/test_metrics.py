"""Numbers that survive, and gauges that are read at each scrape."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from relayers.operating.metrics import METRICS, PREFIX, Kind, Metrics, Sample
from relayers.operating.tallies import Tallies
from tests.relayers.operating.conftest import parse_metrics


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/numbers.sqlite"


def render(metrics):
    return parse_metrics(metrics.render().decode())


def test_counters_extremes_and_histograms_survive(url):
    first = Metrics(Tallies(url))
    first.count("retries_total", "relayer", "TimedOut", amount=3)
    first.raise_to("reorg_depth_blocks_max", "east", value=4)
    first.raise_to("reorg_depth_blocks_max", "east", value=2)
    for seconds in (0.05, 0.3, 7_200):
        first.observe("submit_seconds", "east", seconds=seconds)
    first.tallies.flush()
    told = render(first)
    first.tallies.close()
    again = Metrics(Tallies(url))
    assert render(again) == told
    again.count("retries_total", "relayer", "TimedOut")
    assert render(again)[f'{PREFIX}retries_total{{daemon="relayer",reason="TimedOut"}}'] == 4
    assert told[f'{PREFIX}reorg_depth_blocks_max{{chain="east"}}'] == 4
    buckets = {
        end: told[f'{PREFIX}submit_seconds_bucket{{chain="east",le="{end}"}}'] for end in ("0.1", "0.5", "3600", "+Inf")
    }
    assert buckets == {"0.1": 1, "0.5": 2, "3600": 2, "+Inf": 3}
    assert told[f'{PREFIX}submit_seconds_count{{chain="east"}}'] == 3
    assert told[f'{PREFIX}submit_seconds_sum{{chain="east"}}'] == pytest.approx(7_200.35)


def test_what_was_not_flushed_is_lost_and_nothing_else(url):
    first = Tallies(url)
    first.add("a", None, 2)
    first.flush()
    first.add("a", None, 5)
    assert Tallies(url).value("a") == 2


def test_replicas_count_for_themselves(url):
    one, two = Tallies(url, "one"), Tallies(url, "two")
    one.add("a")
    two.add("a", amount=5)
    one.flush()
    two.flush()
    assert (Tallies(url, "one").value("a"), Tallies(url, "two").value("a")) == (1, 5)


def test_gauges_are_what_is_true_now(url):
    metrics = Metrics(Tallies(url))
    value = [1.0]
    metrics.read_gauges_from(lambda: [Sample(name="nonce_gap", labels=("east", "relayer"), value=value[0])])
    name = f'{PREFIX}nonce_gap{{chain="east",signer="relayer"}}'
    assert render(metrics)[name] == 1
    value[0] = 0.0
    assert render(metrics)[name] == 0


def test_names_say_what_they_are():
    for name, spec in METRICS.items():
        assert name.endswith("_total") == (spec.kind is Kind.COUNTER), name
        assert spec.help.endswith(".")


def test_a_wrong_number_of_labels_is_a_defect(url):
    with pytest.raises(ValueError, match="zip"):
        Metrics(Tallies(url)).count("retries_total", "relayer")


def test_replicas_that_start_at_once_on_an_empty_database_do_not_collide(postgres):
    url = postgres.new_url()
    together = Barrier(4)

    def start(number):
        together.wait()
        tallies = Tallies(url, f"replica-{number}")
        tallies.add("steps_total")
        tallies.close()
        return Tallies(url, f"replica-{number}").value("steps_total")

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(start, range(4))) == [1, 1, 1, 1]
