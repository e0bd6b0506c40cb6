"""Force Bridge: privileged calls failed for hours before one did not."""

from __future__ import annotations

from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, swapped
from relayers.reports import Did
from relayers.store import Store
from relayers.watching import Watcher, watcher

EVERY_SECONDS = 900
CLUMSY = 2
"""Failures that may happen to an honest owner: nobody cries wolf."""


def attack(stage: Stage) -> Verdict:
    """Every quarter of an hour a stranger tries another door; an honest owner errs twice, hours before."""
    with stage.world() as world:
        heist = Heist(world)
        store = Store(world.directory / "watcher.db")
        watching = Watcher(store, heist.network, world.chains, signer=world.base.relayers[0])
        settlement, mailbox = heist.network.settlement, heist.way.destination.contract
        rollup = heist.host.contract("Rollup", settlement.rollup)
        outbox = heist.host.contract("WithdrawalOutbox", settlement.outbox)
        doors = [
            rollup.functions.setPoster(heist.thief.address, True),
            outbox.functions.registerVault(heist.entry.chain_id, heist.thief.address),
            mailbox.functions.setGuardian(heist.thief.address),
            mailbox.functions.transferOwnership(heist.thief.address),
        ]

        def alarms() -> list[str]:
            heist.settle()
            return [action.detail.partition(" ")[0] for action in watching.step().actions if action.did is Did.ALARMED]

        alarms()
        false_alarms = []
        for _ in range(CLUMSY):
            attempt(heist.host, mailbox.functions.cancelRoute(1), heist.thief, gas=200_000)
            false_alarms += alarms()
        world.clock.advance(2 * 3_600)
        outcomes, found = [], []
        for door in doors:
            outcomes.append(attempt(heist.host, door, heist.thief, gas=200_000).partition("(")[0])
            found += alarms()
            if found:
                break
            world.clock.advance(EVERY_SECONDS)
        store.close()
        return Verdict(
            survived=bool(found) and not false_alarms and ACCEPTED not in outcomes,
            detail=f"{CLUMSY} slips: {len(false_alarms)} alarms; {len(outcomes)} doors tried, "
            f"{', '.join(sorted(set(outcomes)))}: {', '.join(found) or 'no alarm'}",
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
