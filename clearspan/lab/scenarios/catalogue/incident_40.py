"""Optimism: ether that was forced into a contract."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from bridge.relaying import acknowledge, expire, packets_in, update_client
from bridge.vaults import Exit, Vault
from clearspan.lab.scenarios.banking import DEPOSIT, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt

ETHER = 10**18
SECONDS = 60


def attack(stage: Stage) -> Verdict:
    """A deposit expires and is refunded; then a contract destroys itself in favour of the vault, with as much ether."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief = heist.source, heist.thief
        vault, timeout = vault_of(heist), world.clock.now() + SECONDS
        call = vault.get_function_by_signature(DEPOSIT)(ZERO_ADDRESS, ETHER, thief.address, timeout)
        sent = packets_in(heist.way.source, source.transact(call, thief, value=ETHER))
        world.clock.advance(2 * SECONDS)
        answers = expire(heist.way, sent, thief)
        heist.settle()
        update_client(heist.way.backward, heist.host, thief)
        acknowledge(heist.way, answers, thief)
        drain = Vault(source, heist.entry.vault).drain(ZERO_ADDRESS, Exit.REFUND, 2)
        refunded = attempt(source, drain, thief)
        destroys_itself = bytes.fromhex("73" + heist.entry.vault[2:] + "ff")
        source.transact({"data": destroys_itself, "value": ETHER}, thief, gas=200_000)
        forced = held(source, ZERO_ADDRESS, heist.entry.vault)
        books = int(source.call(vault.functions.holdings(ZERO_ADDRESS)))
        again = attempt(source, drain, thief)
        left = held(source, ZERO_ADDRESS, heist.entry.vault)
        return Verdict(
            survived=forced == left == ETHER and books == 0,
            detail=f"refunded: {refunded}; {forced} wei forced in, the books count {books} of it; "
            f"drained again: {again}, {left} wei left",
        )


SCENARIO = Scenario(
    identifier="incident-40",
    title="Ether that nobody deposited counts as there to be paid",
    group="C5",
    source="Optimism OVM_ETH, Feb 2022",
    attack=attack,
    twin=Twin(
        mutation="what is paid stays in the vault's books",
        contracts=(("CollateralVault", "vault-counts-forced-ether"),),
    ),
)
