"""Multichain: every key under one operator. What each number of stolen keys is worth."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, stolen


def attack(stage: Stage) -> Verdict:
    """With 0 to 4 of the 4 keys, two deposits as large as a day's cap are invented each time; nobody watches."""
    with stage.world() as world:
        heist = Heist(world)
        cap = heist.ledger.credit(heist.entry.chain_id, heist.token).window_cap
        losses = []
        for number in range(5):
            keys = stolen(heist.source.validators.validators[:number])
            for _ in range(2):
                packet = heist.invented(cap)
                heist.cash_in(forged(heist.mine(), packet).sealed_by(keys), packet)
            losses.append(heist.loot)
    below, above = losses[:3], losses[3:]
    return Verdict(
        survived=not any(below) and all(lost <= cap for lost in above),
        detail=f"base units lost within a day once 0, 1, 2, 3, 4 of 4 keys are stolen: {losses}; the cap is {cap}",
    )


SCENARIO = Scenario(
    identifier="incident-4",
    title="The most that m of n stolen keys can take in a day",
    group="C1",
    source="Multichain, Jul 2023, $126M",
    attack=attack,
    twin=Twin(
        mutation="the ledger does not count what a chain is credited within a day",
        contracts=(("ChainLedger", "ledger-no-window"),),
    ),
)
