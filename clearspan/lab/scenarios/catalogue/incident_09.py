"""ALEX: the deployer's key changed what contracts allow, then took it."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt, forged, stolen

WANTED = 9_000_000 * 10**6
UNLIMITED = (2**100, 2**100)


def attack(stage: Stage) -> Verdict:
    """The deployer's key lifts the caps of a chain whose keys are stolen, which then invents what no cap allowed."""
    with stage.world() as world:
        heist = Heist(world)
        ledger = heist.ledger.contract.functions
        arguments = (heist.entry.chain_id, heist.token, UNLIMITED)
        lifted = attempt(heist.host, ledger.lowerCaps(*arguments), heist.owner)
        proposed = attempt(heist.host, ledger.proposeCaps(*arguments), heist.owner)
        activated = attempt(heist.host, ledger.activateCaps(heist.entry.chain_id, heist.token), heist.owner)
        packet = heist.invented(WANTED)
        outcome = heist.cash_in(
            forged(heist.mine(), packet).sealed_by(stolen(heist.source.validators.validators[:3])), packet
        )
        return Verdict(
            survived=heist.loot == 0,
            detail=f"lifted at once: {lifted}; proposed: {proposed}, activated: {activated}; "
            f"an invented {WANTED} base units: {outcome}; credited {heist.loot}",
        )


SCENARIO = Scenario(
    identifier="incident-9",
    title="The deployer's key lifts the caps and takes what they held back",
    group="C1",
    source="ALEX, May 2024",
    attack=attack,
    twin=Twin(
        mutation="caps may be raised at once",
        contracts=(("ChainLedger", "ledger-caps-rise-at-once"),),
    ),
)
