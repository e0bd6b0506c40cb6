"""The catalogue: what has gone wrong elsewhere, tried against this system and against a copy with one line wrong."""

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.registry import catalogue, find
from clearspan.lab.scenarios.running import Result, run_scenario

__all__ = ["Result", "Scenario", "Stage", "Twin", "Verdict", "catalogue", "find", "run_scenario"]
