"""Exit codes of the command, and which error stands for which."""

from __future__ import annotations

import sys

OK = 0
REJECTED = 1
USAGE = 2
UNAVAILABLE = 3
TIMED_OUT = 4

# An error can only have been raised by a module that is loaded, so nothing is imported to look for it.
_MODULES = (
    "exchange.sdk.errors",
    "exchange.engine",
    "exchange.sequencer",
    "relayers.operating.errors",
    "bridge.errors",
    "chains.errors",
)
_KINDS = (("Unavailable", UNAVAILABLE), ("Rejected", REJECTED))


def code_of(error: Exception) -> int | None:
    """Exit code of an error a user can meet; None for a defect, which keeps its traceback."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    for name in _MODULES:
        for kind, code in _KINDS:
            raised = getattr(sys.modules.get(name), kind, None)
            if raised is not None and isinstance(error, raised):
                return code
    return None
