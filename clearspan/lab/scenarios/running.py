"""Runs a scenario against the system and against its twin."""

from __future__ import annotations

from dataclasses import dataclass

from clearspan.lab.scenarios.base import Attack, Scenario, Stage, Verdict
from exchange.engine.invariants import InvariantError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Both verdicts; None for what was not run."""

    scenario: Scenario
    system: Verdict | None = None
    twin: Verdict | None = None

    @property
    def passed(self) -> bool:
        """The system survives and its twin does not: a twin that survives proves nothing."""
        return self.system is not None and self.system.survived and self.twin is not None and not self.twin.survived


class Pending(LookupError):  # noqa: N818 - named after what is wrong, like every rejection
    """The scenario waits for a part that does not exist."""


def run_scenario(scenario: Scenario, *, system: bool = True, twin: bool = True) -> Result:
    """Attack the system, its twin, or both; raises Pending."""
    if scenario.attack is None or scenario.twin is None:
        raise Pending(f"{scenario.identifier} waits for {scenario.missing}")
    of_system = _verdict(scenario.attack, Stage()) if system else None
    of_twin = None
    if twin:
        with scenario.twin.patch():
            of_twin = _verdict(scenario.attack, Stage(contracts=scenario.twin.contracts))
    return Result(scenario=scenario, system=of_system, twin=of_twin)


def _verdict(attack: Attack, stage: Stage) -> Verdict:
    """What comes of it; a venue whose state contradicts itself has not survived."""
    try:
        return attack(stage)
    except InvariantError as error:
        return Verdict(survived=False, detail=f"the venue's state contradicts itself: {error}")
