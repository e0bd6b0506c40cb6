"""Whether the contracts that a deployment file names are ours, and know each other as it says."""

from __future__ import annotations

from typing import Final

import contracts
from bridge.deployment import Deployment
from chains import LocalChain
from exchange.sdk.errors import Rejected

_IMMUTABLE: Final = b"\x7f" + bytes(32)
"""PUSH32 of zero: where the constructor puts the value of an immutable."""


def is_code_of(name: str, code: bytes) -> bool:
    """Whether runtime code is a contract's, whatever its immutables are."""
    expected = contracts.load(name).deployed_bytecode
    if len(code) != len(expected):
        return False
    found = bytearray(code)
    at = expected.find(_IMMUTABLE)
    while at >= 0:
        found[at + 1 : at + len(_IMMUTABLE)] = bytes(32)
        at = expected.find(_IMMUTABLE, at + len(_IMMUTABLE))
    return bytes(found) == expected


def check_contracts(network: Deployment, chains: dict[int, LocalChain]) -> int:
    """Count the contracts that were compared. Raises Rejected(ForeignContract or WiredDifferently)."""
    core = network.settlement
    roles: list[tuple[int, str, str, dict[str, str | int]]] = [
        (core.chain_id, "Mailbox", core.mailbox, {}),
        (core.chain_id, "ForcedQueue", core.forced_queue, {"mailbox": core.mailbox, "ledger": core.ledger}),
        (core.chain_id, "Rollup", core.rollup, {"queue": core.forced_queue}),
        (
            core.chain_id,
            "WithdrawalOutbox",
            core.outbox,
            {"mailbox": core.mailbox, "rollup": core.rollup, "ledger": core.ledger},
        ),
        (core.chain_id, "ChainLedger", core.ledger, {"queue": core.forced_queue, "outbox": core.outbox}),
    ]
    for entry in network.vaults:
        peers: dict[str, str | int] = {
            "mailbox": entry.mailbox,
            "settlementChain": core.chain_id,
            "forcedQueue": core.forced_queue,
            "outbox": core.outbox,
        }
        roles.append((entry.chain_id, "Mailbox", entry.mailbox, {}))
        roles.append((entry.chain_id, "CollateralVault", entry.vault, peers))
    roles.extend((entry.chain_id, "SwapEscrow", entry.swap_escrow, {}) for entry in network.chains)
    for chain_id, name, address, expected in roles:
        _check(chains[chain_id], name, address, expected)
    for entry in network.vaults:
        for name, address in (("ForcedQueue", core.forced_queue), ("WithdrawalOutbox", core.outbox)):
            contract = chains[core.chain_id].contract(name, address)
            known = chains[core.chain_id].call(contract.functions.vaults(entry.chain_id))
            if known != entry.vault:
                raise Rejected("WiredDifferently", f"{name} takes {known} for the vault of {entry.name}")
    return len(roles)


def _check(chain: LocalChain, name: str, address: str, expected: dict[str, str | int]) -> None:
    if not is_code_of(name, bytes(chain.w3.eth.get_code(chain.w3.to_checksum_address(address)))):
        raise Rejected("ForeignContract", f"{address} on {chain.name} is not the code of {name}")
    contract = chain.contract(name, address)
    for getter, value in expected.items():
        known = chain.call(contract.functions[getter]())
        if known != value:
            raise Rejected("WiredDifferently", f"{name} on {chain.name} has {known} as its {getter}, not {value}")
