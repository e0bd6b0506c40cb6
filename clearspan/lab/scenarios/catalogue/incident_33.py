"""Meter: ether was credited that nobody had sent along."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from bridge.attributes import encode_attributes
from bridge.interoperable import encode_evm
from bridge.packets import Fees
from clearspan.lab.scenarios.banking import DEPOSIT, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt

ETHER = 10**18


def attack(stage: Stage) -> Verdict:
    """Deposits of ether with none, half and twice of it, of tokens with ether; a message with unpaid fees."""
    with stage.world() as world:
        heist = Heist(world)
        thief, source = heist.thief, heist.source
        vault, mailbox = vault_of(heist), heist.way.source.contract
        deposit = vault.get_function_by_signature(DEPOSIT)
        of_ether = deposit(ZERO_ADDRESS, ETHER, thief.address, 0)
        outcomes = {
            f"{value} wei for 1 ether": attempt(source, of_ether, thief, value=value) for value in (0, ETHER // 2)
        }
        outcomes["2 ether for 1"] = attempt(source, of_ether, thief, value=2 * ETHER)
        outcomes["a token with ether"] = attempt(source, deposit(heist.token, LOOT, thief.address, 0), thief, value=1)
        fees = Fees(deliver=ETHER, acknowledge=ETHER, refund_to=thief.address)
        queue = encode_evm(heist.host.chain_id, heist.network.settlement.forced_queue)
        outcomes["fees unpaid"] = attempt(
            source, mailbox.functions.sendMessage(queue, b"", encode_attributes(fees=fees)), thief
        )
        books = int(source.call(vault.functions.holdings(ZERO_ADDRESS)))
        there = held(source, ZERO_ADDRESS, heist.entry.vault)
        refused = ", ".join(f"{name}: {outcome}" for name, outcome in outcomes.items())
        return Verdict(survived=books == there, detail=f"{refused}; the books say {books} wei, there are {there}")


SCENARIO = Scenario(
    identifier="incident-33",
    title="Ether is deposited that was not sent along",
    group="C5",
    source="Meter, Feb 2022, $4.3M",
    attack=attack,
    twin=Twin(
        mutation="the vault does not compare a deposit of ether with what came along",
        contracts=(("CollateralVault", "vault-ignores-value"),),
    ),
)
