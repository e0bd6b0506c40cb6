"""What a relayer of this protocol has to do, as cases that any relayer can be put through."""

from clearspan.lab.conformance.cases import CASES, Case, Outcome, run_case
from clearspan.lab.conformance.ports import Assignment, Start, Subject

__all__ = ["CASES", "Assignment", "Case", "Outcome", "Start", "Subject", "run_case"]
