"""Our own relayer as a subject."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from clearspan.lab.conformance.ports import Assignment, Start
from relayers.fleet import Fleet, build_fleet
from relayers.store import Store
from relayers.submitter import FeePolicy, SubmitterPolicy


@dataclass(slots=True)
class FleetSubject:
    """The fleet that `clearspan relayer start` runs, stepped by hand."""

    fleet: Fleet
    store: Store

    def step(self) -> None:
        """A round."""
        self.fleet.round()

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()


def our_relayer(assignment: Assignment) -> FleetSubject:
    """Start it on what its directory holds."""
    store = Store(assignment.directory / "relayer.db")
    cap = assignment.max_fee_per_gas
    policy = SubmitterPolicy(fees=FeePolicy(cap=cap, urgent_cap=cap))
    fleet = build_fleet(store, assignment.deployment, assignment.chains, assignment.signer, policy=policy)
    return FleetSubject(fleet, store)


def named_relayer(name: str | None) -> Start:
    """`package.module:function`, or ours; raises LookupError where there is no such thing."""
    if name is None:
        return our_relayer
    module, _, function = name.partition(":")
    try:
        found: Start = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise LookupError(f"{name}: no package.module:function") from error
    return found
