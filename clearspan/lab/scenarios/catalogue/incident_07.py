"""Force Bridge: privileged calls failed for hours before one did not."""

from __future__ import annotations

from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, swapped
from relayers.reports import Did
from relayers.store import Store
from relayers.watching import Watcher, watcher

CALLS = 3


def attack(stage: Stage) -> Verdict:
    """A stranger tries three times to become the guardian of the mailbox and the vault."""
    with stage.world() as world:
        heist = Heist(world)
        store = Store(world.directory / "watcher.db")
        watching = Watcher(store, heist.network, world.chains, signer=world.base.relayers[0])
        watching.step()
        mailbox = heist.way.source.contract
        calls = [mailbox.functions.setGuardian(heist.thief.address) for _ in range(CALLS)]
        outcomes = [attempt(heist.source, call, heist.thief, gas=200_000) for call in calls]
        heist.settle()
        report = watching.step()
        alarms = [action.detail.partition(" ")[0] for action in report.actions if action.did is Did.ALARMED]
        store.close()
        return Verdict(
            survived=bool(alarms) and ACCEPTED not in outcomes,
            detail=f"{CALLS} calls refused with {outcomes[0].partition('(')[0]}; "
            f"alarms within a step: {', '.join(alarms) or 'none'}",
        )


SCENARIO = Scenario(
    identifier="incident-7",
    title="Somebody rattles at the doors that only owners may open",
    group="C1",
    source="Force Bridge, 1 Jun 2025, $3.76M",
    attack=attack,
    twin=Twin(
        mutation="the watcher's list of privileged functions is empty",
        patch=partial(swapped, watcher, "PRIVILEGED", frozenset()),
    ),
)
