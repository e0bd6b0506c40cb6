"""Qubit: a transfer of a token that was none succeeded, and was credited."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from bridge.mailbox import Mailbox
from bridge.payloads import DepositMessage
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, held, odd_token, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, LOOT, Heist, attempt

NONE, FEE, FALSE, NOTHING = range(4)
"""Habits of the odd token: as it should be, 1 % vanishes, `false` and no move, no return value."""


def attack(stage: Stage) -> Verdict:
    """Deposits of no token, of an account without code, and of a token with every bad habit."""
    with stage.world() as world:
        heist = Heist(world)
        thief, source = heist.thief, heist.source
        outcomes = {}
        for name, asset in (("no token", ZERO_ADDRESS), ("an account without code", thief.address)):
            call = vault_of(heist).get_function_by_signature(DEPOSIT)(asset, LOOT, thief.address, 0)
            outcomes[name] = attempt(source, call, thief)
        token = odd_token(heist, "OddToken", (thief.address,))
        vault = another_vault(stage, heist, token.address)
        source.transact(token.functions.approve(vault.address, FOREVER), thief)
        first = source.head().number + 1
        call = vault.get_function_by_signature(DEPOSIT)(token.address, LOOT, thief.address, 0)
        for name, habit in (("fee on transfer", FEE), ("returns false", FALSE), ("returns nothing", NOTHING)):
            source.transact(token.functions.configure(habit, ZERO_ADDRESS, b""), heist.owner)
            outcomes[name] = attempt(source, call, thief)
        sent = [one.packet for one in Mailbox(source, heist.entry.mailbox).sent(first, source.head().number)]
        said = sum(DepositMessage.decode(packet.payload).amount for packet in sent if packet is not None)
        there = held(source, token.address, vault.address)
        refused = ", ".join(f"{name}: {outcome}" for name, outcome in outcomes.items())
        return Verdict(
            survived=0 < said <= there and ACCEPTED not in (outcomes["no token"], outcomes["returns false"]),
            detail=f"{refused}; messages say {said}, the vault holds {there} base units",
        )


SCENARIO = Scenario(
    identifier="incident-32",
    title="A deposit of a token that moves less than it was told to, or nothing",
    group="C5",
    source="Qubit, Jan 2022, $80M",
    attack=attack,
    twin=Twin(
        mutation="credit is what the caller said, not what the balance grew by",
        contracts=(("CollateralVault", "vault-credits-what-was-said"),),
    ),
)
