"""Finds the few faults of a failing run that it takes to fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from clearspan.lab.chaos import Planned
from clearspan.lab.runs import DEFAULT, RunConfig, RunResult, run_seed


def shrink(
    seed: int, config: RunConfig = DEFAULT, told: Callable[[int, bool], None] = lambda _count, _fails: None
) -> RunResult:
    """The run of a smallest plan that breaks a promise the seed's own plan breaks; that run itself if it is clean.

    Delta debugging: no fault can be left out of the answer. Times stay what they were.
    """
    first = run_seed(seed, config)
    if first.clean:
        return first
    broken = {violation.invariant for violation in first.violations}

    def fails(plan: Sequence[Planned]) -> RunResult | None:
        result = run_seed(seed, config, plan=plan)
        found = any(violation.invariant in broken for violation in result.violations)
        told(len(plan), found)
        return result if found else None

    smallest = fails(()) or first
    parts = 2
    while len(smallest.plan) > 1:
        plan = smallest.plan
        size = -(-len(plan) // parts)
        for start in range(0, len(plan), size):
            result = fails(plan[:start] + plan[start + size :])
            if result is not None:
                smallest, parts = result, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(plan), 2 * parts)
    return smallest
