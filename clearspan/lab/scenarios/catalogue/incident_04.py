"""Multichain: every key under one operator. What each number of stolen keys is worth."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, stolen


def loss(stage: Stage, keys_stolen: int) -> tuple[int, int]:
    """Base units credited for nothing within a day by so many stolen keys, and the published cap for a day."""
    with stage.world() as world:
        heist = Heist(world)
        cap = heist.ledger.credit(heist.entry.chain_id, heist.token).window_cap
        keys = stolen(heist.source.validators[:keys_stolen])
        for _ in range(2):
            packet = heist.invented(cap)
            heist.cash_in(forged(heist.mine(), packet).sealed_by(keys), packet)
        return heist.loot, cap


def attack(stage: Stage) -> Verdict:
    """Two deposits as large as a day's cap are invented with 0 to 4 of the 4 keys; nobody watches."""
    swept = [loss(stage, number) for number in range(5)]
    losses, cap = [lost for lost, _ in swept], swept[0][1]
    below, above = losses[:3], losses[3:]
    return Verdict(
        survived=not any(below) and all(lost <= cap for lost in above),
        detail=f"base units lost in a day by 0 to 4 stolen keys of 4: {losses}; the cap is {cap}",
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
