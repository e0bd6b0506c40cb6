"""What the relayer measures about itself: the names, what each means, and where its numbers come from."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from relayers.operating.tallies import Tallies

PREFIX = "clearspan_relayer_"
LATENCY_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Upper ends of the latency histograms' buckets; the last is open."""


class Kind(StrEnum):
    """How a metric behaves. Counters, extremes and histograms survive restarts; gauges are read at each scrape."""

    COUNTER = "counter"
    EXTREME = "extreme"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric without the prefix."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


def _spec(name: str, kind: Kind, labels: str, text: str) -> MetricSpec:
    return MetricSpec(name=name, kind=kind, labels=tuple(labels.split()), help=text)


METRICS: Mapping[str, MetricSpec] = {
    spec.name: spec
    for spec in (
        _spec("actions_total", Kind.COUNTER, "daemon did", "Things daemons did, attempts and facts apart."),
        _spec("alarms_total", Kind.COUNTER, "kind", "Alarms the watcher raised."),
        _spec("backlog_oldest_seconds", Kind.GAUGE, "route", "Age of the oldest packet that is not finished."),
        _spec("backlog_packets", Kind.GAUGE, "route state", "Packets that are not finished."),
        _spec("chain_head_age_seconds", Kind.GAUGE, "chain", "Now less the timestamp of the newest block."),
        _spec("client_expiry_seconds", Kind.GAUGE, "client", "Until a client's trusting period ends."),
        _spec("config_reloads_total", Kind.COUNTER, "outcome", "Reloads by outcome: applied, refused."),
        _spec("config_valid", Kind.GAUGE, "", "0 after a refused reload: the old configuration goes on."),
        _spec("confirm_seconds", Kind.HISTOGRAM, "chain", "From the decision to send to a final block with it."),
        _spec("earned_wei_total", Kind.COUNTER, "route chain", "Fees credited to our payees, in wei of the chain."),
        _spec("endpoint_disagreements_total", Kind.COUNTER, "chain endpoint kind", "What endpoints did wrong."),
        _spec("endpoints_benched", Kind.GAUGE, "chain", "Endpoints not asked for the time being."),
        _spec("endpoints_needed", Kind.GAUGE, "chain", "Endpoints that have to agree."),
        _spec("endpoints_usable", Kind.GAUGE, "chain", "Endpoints that are asked."),
        _spec("exchange_backlog_bytes", Kind.GAUGE, "daemon", "Confirmed by the venue and not known to be posted."),
        _spec("exchange_price_age_seconds", Kind.GAUGE, "underlying", "Since the time of the price margin reads."),
        _spec("exchange_unposted_seconds", Kind.GAUGE, "daemon", "Since a batch was last posted, while some wait."),
        _spec("exchange_waiting", Kind.GAUGE, "", "Requests that wait for the sequencer."),
        _spec("nonce_gap", Kind.GAUGE, "chain signer", "Transactions sent and not mined."),
        _spec("paused", Kind.GAUGE, "scope", "1 while an operator has paused it."),
        _spec("ready", Kind.GAUGE, "", "1 while really relaying."),
        _spec("reorg_depth_blocks_max", Kind.EXTREME, "chain", "Deepest reorganisation seen."),
        _spec("retries_total", Kind.COUNTER, "daemon reason", "Attempts that failed, by the error's reason."),
        _spec("route_progress_age_seconds", Kind.GAUGE, "route", "Since a route last worked without a failure."),
        _spec("spent_wei_total", Kind.COUNTER, "route chain", "Gas paid, in wei of the chain; no route: for all."),
        _spec("step_failures_total", Kind.COUNTER, "daemon", "Steps that ended in a defect."),
        _spec("steps_total", Kind.COUNTER, "daemon", "Steps made."),
        _spec("submit_seconds", Kind.HISTOGRAM, "chain", "From the decision to send to a block with it."),
        _spec("wallet_balance_wei", Kind.GAUGE, "chain signer", "Money for gas."),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The present value of a gauge."""

    name: str
    labels: tuple[str, ...]
    value: float


class Metrics:
    """Counts into tallies and renders everything for Prometheus, from a registry of its own."""

    def __init__(self, tallies: Tallies, gauges: Callable[[], Iterable[Sample]] = tuple) -> None:
        self.tallies = tallies
        self._gauges = gauges
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Collector(self._collect))

    def read_gauges_from(self, gauges: Callable[[], Iterable[Sample]]) -> None:
        """Where the present values come from at each scrape."""
        self._gauges = gauges

    def count(self, name: str, *labels: str, amount: float = 1) -> None:
        """Add to a counter."""
        self.tallies.add(name, _named(METRICS[name], labels), amount)

    def raise_to(self, name: str, *labels: str, value: float) -> None:
        """Keep the greatest."""
        self.tallies.raise_to(name, _named(METRICS[name], labels), value)

    def observe(self, name: str, *labels: str, seconds: float) -> None:
        """Put a duration into its bucket."""
        named = _named(METRICS[name], labels)
        position = bisect_left(LATENCY_SECONDS, seconds)
        end = f"{LATENCY_SECONDS[position]:g}" if position < len(LATENCY_SECONDS) else "+Inf"
        self.tallies.add(f"{name}.bucket", {**named, "le": end})
        self.tallies.add(f"{name}.sum", named, seconds)

    def render(self) -> bytes:
        """The text Prometheus reads."""
        return generate_latest(self._registry)

    def _collect(self) -> Iterator[Metric]:
        kept: dict[str, list[tuple[dict[str, str], float]]] = {}
        for tally in self.tallies.all():
            kept.setdefault(tally.name, []).append((tally.labels, tally.value))
        present: dict[str, list[Sample]] = {}
        for sample in self._gauges():
            present.setdefault(sample.name, []).append(sample)
        for spec in METRICS.values():
            yield _family(spec, kept, present.get(spec.name, []))


class _Collector(Collector):
    def __init__(self, collect: Callable[[], Iterator[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterator[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()


def _family(
    spec: MetricSpec, kept: Mapping[str, list[tuple[dict[str, str], float]]], present: Sequence[Sample]
) -> Metric:
    full = PREFIX + spec.name
    if spec.kind is Kind.HISTOGRAM:
        return _histogram(spec, kept)
    if spec.kind is Kind.GAUGE:
        gauge = GaugeMetricFamily(full, spec.help, labels=spec.labels)
        for sample in present:
            gauge.add_metric(sample.labels, sample.value)
        return gauge
    family = CounterMetricFamily if spec.kind is Kind.COUNTER else GaugeMetricFamily
    counter = family(full, spec.help, labels=spec.labels)
    for labels, value in kept.get(spec.name, []):
        counter.add_metric([labels[label] for label in spec.labels], value)
    for sample in present:  # kept by the submitters themselves
        counter.add_metric(sample.labels, sample.value)
    if not spec.labels and not kept.get(spec.name):
        counter.add_metric([], 0)
    return counter


def _histogram(spec: MetricSpec, kept: Mapping[str, list[tuple[dict[str, str], float]]]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(PREFIX + spec.name, spec.help, labels=spec.labels)
    ends = [f"{end:g}" for end in LATENCY_SECONDS] + ["+Inf"]
    for labels, total in kept.get(f"{spec.name}.sum", []):
        counts = {
            found["le"]: count
            for found, count in kept.get(f"{spec.name}.bucket", [])
            if all(found[label] == labels[label] for label in spec.labels)
        }
        running, buckets = 0.0, []
        for end in ends:
            running += counts.get(end, 0.0)
            buckets.append((end, running))
        family.add_metric([labels[label] for label in spec.labels], buckets, total)
    return family


def _named(spec: MetricSpec, labels: Sequence[str]) -> dict[str, str]:
    return dict(zip(spec.labels, labels, strict=True))
