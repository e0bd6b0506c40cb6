"""Orbit: a small theft went through the day before the large ones, and nobody looked."""

from __future__ import annotations

from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, stolen, swapped
from relayers.reports import Did
from relayers.store import Store
from relayers.watching import Watcher
from relayers.watching.answering import Answerer

PROBE = 10**6
LARGE = 100_000 * 10**6
TIMES = 5


def attack(stage: Stage) -> Verdict:
    """A quorum of stolen keys takes one dollar, and, a step of the watcher later, 100,000 five times."""
    with stage.world() as world:
        heist = Heist(world)
        store = Store(world.directory / "watcher.db")
        watcher = Watcher(store, heist.network, world.chains, signer=world.base.relayers[0])
        keys = stolen(heist.source.validators.validators[:3])
        alarms: list[str] = []

        def look() -> None:
            heist.settle()
            alarms.extend(
                action.detail.partition(" ")[0] for action in watcher.step().actions if action.did is Did.ALARMED
            )

        look()
        outcomes = []
        for amount in (PROBE, *[LARGE] * TIMES):
            packet = heist.invented(amount)
            outcomes.append(heist.cash_in(forged(heist.mine(), packet).sealed_by(keys), packet))
            look()
        store.close()
        return Verdict(
            survived=heist.loot <= PROBE and bool(alarms),
            detail=f"alarms: {', '.join(sorted(set(alarms)))}; the probe: {outcomes[0]}, then {outcomes[1]}; "
            f"credited {heist.loot} of {PROBE + TIMES * LARGE} base units",
        )


SCENARIO = Scenario(
    identifier="incident-3",
    title="A probe with a stolen quorum, then five large thefts",
    group="C1",
    source="Orbit, 31 Dec 2023, $81M",
    attack=attack,
    twin=Twin(
        mutation="the watcher alarms and freezes no client",
        patch=partial(swapped, Answerer, "_accuse", lambda *_: True),
    ),
)
