"""How long one order takes, alone on an idle venue: from its bytes to the signed confirmation, and to the next root.

Beside each other in one run: the engine alone, the sequencer with its log in memory, and with a durable write each.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter_ns

from exchange.engine import apply
from exchange.sequencer import MemoryLog, SqliteLog
from tests.benchmarks.bench_sequencer import SEGMENT_STEPS, _steps, _venue


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBenchmark:
    """Microseconds of one order; `worst` is of all."""

    name: str
    orders: int
    p50: float
    p99: float
    p999: float
    worst: float

    def __str__(self) -> str:
        return (
            f"  {self.name:<44} p50 {self.p50:>7,.0f} us   p99 {self.p99:>7,.0f} us   p99.9 {self.p999:>7,.0f} us   "
            f"worst {self.worst:>8,.0f} us   ({self.orders:,} orders)"
        )


def timed(name: str, steps: list[bytes], take: Callable[[int, bytes], object]) -> LatencyBenchmark:
    """Time each call on its own."""
    gc.collect()
    gc.freeze()
    spent = []
    for number, step in enumerate(steps, 1):
        started = perf_counter_ns()
        take(number, step)
        spent.append(perf_counter_ns() - started)
    gc.unfreeze()
    spent.sort()

    def at(share: float) -> float:
        return spent[min(len(spent) - 1, int(len(spent) * share))] / 1000

    return LatencyBenchmark(
        name=name, orders=len(steps), p50=at(0.5), p99=at(0.99), p999=at(0.999), worst=spent[-1] / 1000
    )


def run(*, accounts: int = 500, orders: int = 6_000, durable_orders: int = 2_000) -> list[LatencyBenchmark]:
    """Three ways, the same orders."""
    steps = _steps(accounts, orders, 1)
    state = _venue(accounts).state

    def engine(number: int, step: bytes) -> None:
        apply(state, step)
        if not number % SEGMENT_STEPS:
            state.commit()

    found = [timed(f"engine, a commit every {SEGMENT_STEPS}th", steps, engine)]
    venue = _venue(accounts, MemoryLog)
    found.append(timed("confirmed, log in memory", steps, lambda _n, step: venue.sequencer.submit_many([step])))
    with tempfile.TemporaryDirectory() as folder:
        durable = _venue(accounts, partial(SqliteLog, Path(folder) / "log.db"))
        found.append(
            timed(
                "confirmed, a durable write each",
                steps[:durable_orders],
                lambda _n, step: durable.sequencer.submit_many([step]),
            )
        )
        durable.sequencer.close()
    return found


def main() -> None:
    """Print all three."""
    print("latency of one order, one at a time")
    for found in run():
        print(found)


if __name__ == "__main__":
    main()
