"""Many seeds, on as many cores as one has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from math import ceil, log

from clearspan.lab.runs import DEFAULT, RunConfig, RunResult, config_of, run_seed


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a campaign came to."""

    clean: int = 0
    failed: dict[int, RunResult] = field(default_factory=dict)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    packets: int = 0
    simulated_seconds: int = 0
    wall_seconds: float = 0.0

    @property
    def seeds(self) -> int:
        """Seeds that were run."""
        return self.clean + len(self.failed)

    def add(self, result: RunResult) -> None:
        """Count one run."""
        if result.clean:
            self.clean += 1
        else:
            self.failed[result.seed] = result
        self.met.update(result.met)
        self.packets += result.packets
        self.simulated_seconds += result.simulated_seconds


def run_campaign(
    seeds: Iterable[int],
    *,
    config: RunConfig = DEFAULT,
    jobs: int = 1,
    told: Callable[[RunResult], None] = lambda _: None,
) -> Tally:
    """Run every seed; `told` of each as it ends. The order of results is not part of anything."""
    tally = Tally()
    began = time.monotonic()
    for result in _results(list(seeds), config, jobs):
        tally.add(result)
        told(result)
    tally.wall_seconds = time.monotonic() - began
    return tally


def seeds_to_trust_a_fix(frequency: float) -> int:
    """Clean seeds after which a bug seen with that frequency counts as fixed, with one chance in a hundred to be wrong.

    `ln(0.01) / ln(1 - p)`; raises ValueError for a frequency outside (0, 1).
    """
    if not 0 < frequency < 1:
        raise ValueError("a frequency lies between 0 and 1")
    return ceil(log(0.01) / log(1 - frequency))


def _results(seeds: list[int], config: RunConfig, jobs: int) -> Iterator[RunResult]:
    if jobs < 2:
        for seed in seeds:
            yield run_seed(seed, config_of(seed, config))
        return
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(run_seed, seed, config_of(seed, config)) for seed in seeds]
        for done in as_completed(running):
            yield done.result()
