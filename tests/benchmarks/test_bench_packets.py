"""The benchmark of packets still runs, and its section has a place in the document."""

import pytest

from tests.benchmarks.bench_packets import markdown, percentile, put, run


@pytest.fixture(name="found", scope="module")
def _found():
    return run(packets=6, validators=(4,), batches=(1, 2))


def test_relayers_that_race_waste_nothing(found):
    one, two = (next(race for race in found.races if race.relayers == count) for count in (1, 2))
    assert (one.idle_transactions, one.idle_gas) == (two.idle_transactions, two.idle_gas) == (0, 0)
    for race in found.races:
        assert len(race.virtual_latencies) == race.packets == 6
        assert 0 < race.virtual_latencies[0] <= race.virtual_seconds


def test_every_call_is_measured_and_a_batch_is_cheaper_by_the_packet(found):
    gas = {call.name: call for call in found.calls}
    assert {"client update, 4 validators", "send, 160 bytes", "expire, 1 packet"} <= set(gas)
    for call in ("receive", "acknowledge"):
        assert gas[f"{call}, 2 packets"].per_packet < gas[f"{call}, 1 packet"].gas


def test_the_section_replaces_itself_and_nothing_else(found):
    section = markdown(found)
    assert section.startswith("## Messages\n\n")
    first = put(section, "# Benchmarks\n\n## Messages\n\nold\n\n### Also old\n\n## Engine\n\nkept\n")
    assert first == f"# Benchmarks\n\n{section}\n## Engine\n\nkept\n"
    assert put(section, first) == first
    assert put(section, "# Benchmarks\n") == f"# Benchmarks\n\n{section}"


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.99, 10), (1.0, 10), (0.01, 1)])
def test_percentiles_are_values_that_occurred(share, value):
    assert percentile(range(1, 11), share) == value
