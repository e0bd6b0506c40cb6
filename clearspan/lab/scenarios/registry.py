"""Finds every scenario: one file of `catalogue/` each, which defines `SCENARIO`."""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from importlib import import_module

from clearspan.lab.scenarios import catalogue as folder
from clearspan.lab.scenarios.base import Scenario


class UnknownScenario(LookupError):  # noqa: N818 - named after what is wrong, like every rejection
    """No scenario has this identifier."""


@cache
def catalogue() -> tuple[Scenario, ...]:
    """All scenarios, in the order of their identifiers; raises ValueError where two have one identifier."""
    found: dict[str, Scenario] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        scenario: Scenario = import_module(f"{folder.__name__}.{module.name}").SCENARIO
        if scenario.identifier in found:
            raise ValueError(f"two scenarios are called {scenario.identifier}")
        found[scenario.identifier] = scenario
    return tuple(sorted(found.values(), key=lambda scenario: _natural(scenario.identifier)))


def find(identifier: str) -> Scenario:
    """The scenario of that identifier; raises UnknownScenario."""
    for scenario in catalogue():
        if scenario.identifier == identifier:
            return scenario
    raise UnknownScenario(f"{identifier}; `clearspan lab scenarios` lists what there is")


def _natural(identifier: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers in an identifier sort as numbers."""
    parts = re.findall(r"\d+|\D+", identifier)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)
