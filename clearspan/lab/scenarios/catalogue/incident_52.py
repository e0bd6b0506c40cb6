"""Celer: for an hour the front end named the thief's contracts instead of the bridge's."""

from __future__ import annotations

from functools import partial
from typing import Any

from bridge import manifest
from bridge.errors import Rejected
from bridge.manifest import Manifest, vouch
from bridge.registry import Deployment
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, held
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist
from clearspan.lab.scenarios.mutation import edited
from exchange.sdk.gateway import Gateway


def attack(stage: Stage) -> Verdict:
    """A page serves a wallet a file with another vault: signed by the thief, and under the owner's signature."""
    with stage.world() as world:
        heist = Heist(world)
        true, owner = heist.network, heist.owner
        fake = another_vault(stage, heist, heist.token, mailbox=heist.thief.address)
        served = with_vault(true, heist.entry.chain_id, fake.address)
        honest = vouch(true, world.chains, owner)
        forged = vouch(served, world.chains, heist.thief)
        fitted = forged.model_copy(update={"signature": honest.signature})
        swapped = honest.model_copy(update={"deployment": served})
        outcomes = []
        for offered in (forged, fitted, swapped, honest):
            try:
                Gateway.vouched_for(Manifest.parse(offered.dump()), world.chains, signer=owner.address)
            except Rejected as refusal:
                outcomes.append(str(refusal.reason))
                continue
            outcomes.append("taken")
            vault = heist.source.contract("CollateralVault", offered.deployment.vault(heist.entry.chain_id).vault)
            token = heist.source.contract("TestToken", heist.token)
            user = world.base.users[0]
            heist.source.transact(token.functions.approve(vault.address, FOREVER), user)
            if offered is not honest:
                heist.source.transact(token.functions.transfer(vault.address, LOOT), user)
            else:
                call: Any = vault.get_function_by_signature(DEPOSIT)(heist.token, LOOT, user.address, 0)
                heist.source.transact(call, user)
            heist.settle()
        stolen = held(heist.source, heist.token, fake.address)
        return Verdict(
            survived=stolen == 0 and outcomes[-1] == "taken",
            detail=f"signed by the thief: {outcomes[0]}, under the owner's signature: {outcomes[1]}, with one address "
            f"exchanged: {outcomes[2]}, the true one: {outcomes[3]}; {stolen} base units went to the thief's contract",
        )


def with_vault(network: Deployment, chain_id: int, address: str) -> Deployment:
    """The same network with another vault on a chain."""
    vaults = tuple(
        entry.model_copy(update={"vault": address}) if entry.chain_id == chain_id else entry for entry in network.vaults
    )
    return network.model_copy(update={"vaults": vaults})


SCENARIO = Scenario(
    identifier="incident-52",
    title="A front end serves false addresses",
    group="C9",
    source="Celer cBridge, 17 Aug 2022, $240k",
    attack=attack,
    twin=Twin(
        mutation="a manifest's signature may be anybody's",
        patch=partial(
            edited,
            manifest.Manifest,
            "check",
            "Account.recover_message(message, signature=self.signature) != signer",
            "not Account.recover_message(message, signature=self.signature)",
        ),
    ),
)
