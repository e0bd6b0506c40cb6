"""Gravity Bridge and others: one transfer that could not be paid stopped all behind it."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from bridge.relaying import acknowledge, expire, packets_in, update_client
from bridge.vaults import Exit, Vault
from clearspan.lab.scenarios.banking import DEPOSIT, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt

REFUSES = 1
ETHER = 10**18
SECONDS = 60


def attack(stage: Stage) -> Verdict:
    """Two deposits expire: first that of a wallet which refuses ether, then a victim's; both refunds are drained."""
    with stage.world() as world:
        heist = Heist(world)
        source, victim = heist.source, world.base.users[0]
        wallet = source.deploy("TestWallet", [], heist.thief)
        source.transact(wallet.functions.configure(REFUSES, ZERO_ADDRESS, b""), heist.thief)
        heist.settle()
        vault, timeout = vault_of(heist), world.clock.now() + SECONDS
        arguments = (ZERO_ADDRESS, ETHER, victim.address, timeout)
        inner = bytes.fromhex(vault.encode_abi(DEPOSIT, arguments)[2:])
        poison = wallet.functions.execute(heist.entry.vault, ETHER, inner)
        honest = vault.get_function_by_signature(DEPOSIT)(*arguments)
        sent = [
            *packets_in(heist.way.source, source.transact(poison, heist.thief, value=ETHER)),
            *packets_in(heist.way.source, source.transact(honest, victim, value=ETHER)),
        ]
        world.clock.advance(2 * SECONDS)
        answers = expire(heist.way, sent, heist.thief)
        heist.settle()
        update_client(heist.way.backward, heist.host, heist.thief)
        acknowledge(heist.way, answers, heist.thief)
        before = held(source, ZERO_ADDRESS, victim.address)
        drain = Vault(source, heist.entry.vault).drain(ZERO_ADDRESS, Exit.REFUND, 2)
        outcome = attempt(source, drain, heist.thief)
        paid = held(source, ZERO_ADDRESS, victim.address) - before
        return Verdict(
            survived=paid == ETHER,
            detail=f"{len(answers)} deposits expired, the first payee refuses ether; draining: {outcome}; "
            f"the victim behind it was paid {paid} of {ETHER} wei",
        )


SCENARIO = Scenario(
    identifier="incident-56-payment",
    title="A payee that takes no ether stops all behind it",
    group="C11",
    source="Gravity Bridge L-04 to L-06; OP; pos-portal #42",
    attack=attack,
    twin=Twin(
        mutation="the vault insists on sending what it pays",
        contracts=(("CollateralVault", "vault-insists-on-sending"),),
    ),
)
