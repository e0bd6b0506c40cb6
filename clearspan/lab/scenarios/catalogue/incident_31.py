"""Terra and Astroport: a later upgrade silently took back an earlier fix."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from clearspan.lab.scenarios import registry
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import swapped

FIXES = {
    "incident-12": ("Mailbox", "mailbox-caller-chosen-verifier"),
    "incident-19": ("QbftLightClient", "client-unbound-state"),
    "incident-30": ("Mailbox", "mailbox-readds-route"),
}
"""Fixes that an upgrade takes back one by one, by the scenario that has to notice."""


def attack(stage: Stage) -> Verdict:
    """Contracts are deployed with a fix reverted; the scenario of that fix, still in the catalogue, is run on them."""
    noticed = {}
    for identifier, reverted in FIXES.items():
        try:
            scenario = registry.find(identifier)
        except registry.UnknownScenario:
            noticed[identifier] = "is gone"
            continue
        if scenario.attack is None:
            noticed[identifier] = "is skipped"
            continue
        verdict = scenario.attack(Stage(contracts=(*stage.contracts, reverted)))
        noticed[identifier] = "passes" if verdict.survived else "fails"
    return Verdict(
        survived=set(noticed.values()) == {"fails"},
        detail="; ".join(
            f"{fix[1]} shipped again: {identifier} {noticed[identifier]}" for identifier, fix in FIXES.items()
        ),
    )


def find_or_skip(identifier: str) -> Scenario:
    """One of the scenarios waits for a part again, as if somebody had been in a hurry."""
    found = next(scenario for scenario in registry.catalogue() if scenario.identifier == identifier)
    return replace(found, attack=None, twin=None, missing="time") if identifier == "incident-30" else found


SCENARIO = Scenario(
    identifier="incident-31",
    title="A release silently takes back an earlier fix",
    group="C4",
    source="Terra and Astroport, 30 Jul 2024",
    attack=attack,
    twin=Twin(
        mutation="the scenario that holds a fix in place is skipped",
        patch=partial(swapped, registry, "find", find_or_skip),
    ),
)
