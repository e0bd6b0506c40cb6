"""The section of relayers replaces its parts and nothing else, and its tables are built from what was measured."""

from tests.benchmarks.bench_relayers import BACKLOGS, RATES, Backlog, Rates, backlog_part, put, rates_part

FOUND = Rates(
    replicas=2,
    database="SQLite",
    delivered_per_second=40.04,
    settled_per_second=20.0,
    latencies=(1.0, 2.0, 9.0),
    wasted=0,
)
DOWN = Backlog(
    packets=20_000,
    replicas=1,
    delivered_seconds=400.0,
    settled_seconds=500.0,
    sent_behind=(3.0,),
    sent_beside=(),
    is_complete=True,
)


def test_tables():
    assert rates_part([FOUND]).endswith("| SQLite | 2 | 40.0 | 20.0 | 2.0 / 9.0 | 0 |\n")
    assert backlog_part([DOWN]).endswith("| 1 | 400 | 500 | 40.0 | 3.0 / 3.0 | - |\n")


def test_a_part_is_replaced_and_the_rest_stays():
    whole = put(
        {RATES: f"{RATES}\n\nrates\n", BACKLOGS: f"{BACKLOGS}\n\nbacklog\n"}, "# Benchmarks\n\n## Engine\n\nkept\n"
    )
    assert whole.startswith("# Benchmarks\n\n## Engine\n\nkept\n\n## Relayers\n")
    newer = put({RATES: f"{RATES}\n\nnewer\n"}, whole)
    assert newer == whole.replace("\n\nrates\n", "\n\nnewer\n")
    assert put({RATES: f"{RATES}\n\nnewer\n"}, newer) == newer
