"""Wormhole's implementation that nobody had initialised: a stranger becomes its owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector, function_signature_to_4byte_selector
from web3.contract import Contract
from web3.exceptions import Web3Exception

from bridge.abi import abi_encode
from chains.errors import ChainError
from chains.local import LocalChain
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist
from relayers.watching.watcher import PRIVILEGED

INITIALISERS = (
    "initialize()",
    "initialize(address)",
    "initialize(address,address)",
    "initialize(address[],uint256)",
    "init()",
    "init(address)",
    "reinitialize(uint8)",
    "upgradeTo(address)",
    "upgradeToAndCall(address,bytes)",
    "__init__()",
)


FOR_PARTNERS = frozenset({"credit", "giveBack", "onPacketAnswered", "receiveMessage", "settle"})
"""What only another contract of the bridge may call."""


def attack(stage: Stage) -> Verdict:
    """A stranger calls every initialiser there ever was, and every function that is not for strangers, everywhere."""
    with stage.world() as world:
        heist = Heist(world)
        targets = list(deployed(heist))
        tried, taken = 0, []
        for chain, name, contract in targets:
            for data in calls(contract, heist):
                tried += 1
                if succeeds(chain, contract, data, heist.thief):
                    taken.append(f"{name} 0x{data[:4].hex()}")
        return Verdict(
            survived=not taken and heist.loot == 0,
            detail=f"{tried} calls to {len(targets)} contracts, {len(taken)} accepted {', '.join(taken)}; "
            f"credited {heist.loot} base units for nothing",
        )


def deployed(heist: Heist) -> Iterator[tuple[LocalChain, str, Contract]]:
    """Everything that the network consists of, on the settlement chain and on the first vault chain."""
    settlement, vault = heist.network.settlement, heist.entry
    places = {
        "Mailbox": settlement.mailbox,
        "ForcedQueue": settlement.forced_queue,
        "Rollup": settlement.rollup,
        "WithdrawalOutbox": settlement.outbox,
        "ChainLedger": settlement.ledger,
        "SwapEscrow": settlement.swap_escrow,
        "QbftLightClient": heist.client.address,
    }
    yield from ((heist.host, name, heist.host.contract(name, address)) for name, address in places.items())
    places = {
        "Mailbox": vault.mailbox,
        "CollateralVault": vault.vault,
        "SwapEscrow": vault.swap_escrow,
        "QbftLightClient": heist.way.backward.address,
    }
    yield from ((heist.source, name, heist.source.contract(name, address)) for name, address in places.items())


def calls(contract: Contract, heist: Heist) -> Iterator[bytes]:
    """Initialisers, then the functions for owners and partners with arguments that would be worth something."""
    for signature in INITIALISERS:
        yield bytes(function_signature_to_4byte_selector(signature)) + bytes(96)
    for entry in contract.abi:
        if entry["type"] == "function" and entry["name"] in PRIVILEGED | FOR_PARTNERS:
            inputs: Any = entry["inputs"]
            types = [collapse_if_tuple(one) for one in inputs]
            yield bytes(function_abi_to_4byte_selector(entry)) + abi_encode(
                types, [argument(one, heist) for one in inputs]
            )


def argument(described: Any, heist: Heist) -> Any:
    """A value of the type: the chain that is robbed, its token, the loot."""
    kind = described["type"]
    if kind == "tuple":
        return tuple(argument(one, heist) for one in described["components"])
    if kind.endswith("[]"):
        return []
    if kind.startswith("bytes"):
        return bytes(int(kind[5:] or 0))
    known = {"address": heist.token, "bool": True, "uint64": heist.entry.chain_id, "uint128": LOOT, "string": ""}
    return known.get(kind, 1)


def succeeds(chain: LocalChain, contract: Contract, data: bytes, thief: LocalAccount) -> bool:
    """Whether a stranger's call goes through; then it is made."""
    transaction: Any = {"from": thief.address, "to": contract.address, "data": data}
    try:
        chain.w3.eth.call(transaction)
        chain.transact({"to": contract.address, "data": data}, thief, gas=1_000_000)
    except (Web3Exception, ChainError, ValueError):
        return False
    return True


SCENARIO = Scenario(
    identifier="incident-29",
    title="A stranger initialises, or calls as owner, whatever is deployed",
    group="C4",
    source="Wormhole's uninitialised proxy, Feb 2022, $10M bounty",
    attack=attack,
    twin=Twin(
        mutation="the ledger does not ask who credits",
        contracts=(("ChainLedger", "ledger-anyone-credits"),),
    ),
)
