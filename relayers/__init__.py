"""The daemons that move bytes between chains and venue: each a `step()` over durable state, killable at any line."""

from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import ForeignDatabase, IllegalTransition, RelayerError
from relayers.reports import Action, Daemon, Did, StepReport, Wait, WaitsFor

__all__ = [
    "Action",
    "CrashPoint",
    "Daemon",
    "Did",
    "ForeignDatabase",
    "Hook",
    "IllegalTransition",
    "RelayerError",
    "StepReport",
    "Wait",
    "WaitsFor",
    "no_hook",
]
