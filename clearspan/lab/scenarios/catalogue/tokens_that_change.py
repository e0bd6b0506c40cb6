"""Tokens that change their mind between a deposit and its refund: they shrink, block, charge, call back."""

from __future__ import annotations

from collections.abc import Callable

from eth_account.signers.local import LocalAccount
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from bridge.packets import Packet
from bridge.relaying import acknowledge, expire, packets_in, update_client
from bridge.vaults import Exit, Vault
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, held
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt

SECONDS = 60
FEE_PERCENT = 10
Change = Callable[[Heist, Contract, Contract], list[ContractFunction]]


def shrinks(heist: Heist, token: Contract, vault: Contract) -> list[ContractFunction]:  # noqa: ARG001
    """A rebase takes a tenth of one payment from the vault, and of everybody."""
    return [token.functions.shrink(vault.address, LOOT // 10)]


def blocks(heist: Heist, token: Contract, vault: Contract) -> list[ContractFunction]:  # noqa: ARG001
    """The first payee is put on the black list."""
    return [token.functions.block_(heist.thief.address, True)]


def charges(heist: Heist, token: Contract, vault: Contract) -> list[ContractFunction]:  # noqa: ARG001
    """An upgrade in mid-flight makes every transfer cost a tenth."""
    return [token.functions.takeFee(FEE_PERCENT)]


def calls_back(heist: Heist, token: Contract, vault: Contract) -> list[ContractFunction]:
    """The first payment calls the vault's payments again."""
    drain = Vault(heist.source, vault.address).drain(token.address, Exit.REFUND, 2)
    return [token.functions.callOnce(vault.address, bytes.fromhex(drain._encode_transaction_data()[2:]))]  # noqa: SLF001


CHANGES: dict[str, tuple[Change, int]] = {
    "shrinks": (shrinks, LOOT * 9 // 10),
    "blocks a payee": (blocks, LOOT),
    "charges": (charges, LOOT * (100 - FEE_PERCENT) // 100),
    "calls back": (calls_back, LOOT),
}
"""By what the token does: what the second of two payees gets then. The last one waits for what is missing."""


def refunded(stage: Stage, heist: Heist, change: Change) -> tuple[str, int]:
    """Two deposits expire, the token changes, both refunds are drained: the outcome, and what the second got."""
    source, victim = heist.source, heist.world.base.users[0]
    token = source.deploy("FickleToken", [], heist.owner)
    vault = another_vault(stage, heist, token.address)
    heist.settle()
    timeout = heist.world.clock.now() + SECONDS
    sent = [packet for who in (heist.thief, victim) for packet in _deposit(heist, token, vault, who, timeout)]
    heist.world.clock.advance(2 * SECONDS)
    answers = expire(heist.way, sent, heist.thief)
    heist.settle()
    update_client(heist.way.backward, heist.host, heist.thief)
    acknowledge(heist.way, answers, heist.thief)
    for call in change(heist, token, vault):
        source.transact(call, heist.owner)
    before = held(source, token.address, victim.address)
    outcome = attempt(source, Vault(source, vault.address).drain(token.address, Exit.REFUND, 2), heist.thief)
    return outcome, held(source, token.address, victim.address) - before


def _deposit(heist: Heist, token: Contract, vault: Contract, who: LocalAccount, timeout: int) -> list[Packet]:
    heist.source.transact(token.functions.mint(who.address, LOOT), heist.owner)
    heist.source.transact(token.functions.approve(vault.address, FOREVER), who)
    call = vault.get_function_by_signature(DEPOSIT)(token.address, LOOT, who.address, timeout)
    return packets_in(heist.way.source, heist.source.transact(call, who))


def attack(stage: Stage) -> Verdict:
    """Each change is tried on a vault of its own; a stranger's payment stands before the victim's."""
    with stage.world() as world:
        heist = Heist(world)
        told, wronged = [], []
        for name, (change, expected) in CHANGES.items():
            outcome, paid = refunded(stage, heist, change)
            told.append(f"{name}: {outcome}, {paid} of {LOOT}")
            if paid != expected:
                wronged.append(name)
        return Verdict(
            survived=not wronged,
            detail=f"what the second payee got of a token that {'; '.join(told)}",
        )


SCENARIO = Scenario(
    identifier="tokens-that-change",
    title="A token shrinks, blocks a payee, begins to charge or calls back between deposit and refund",
    group="C5",
    source="what rebasing, upgradeable, censoring and hooked tokens do",
    attack=attack,
    twin=Twin(
        mutation="the vault insists on sending what it pays",
        contracts=(("CollateralVault", "vault-insists-on-sending"),),
    ),
)
