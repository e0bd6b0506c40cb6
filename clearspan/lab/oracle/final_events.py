"""Final blocks and their events, decoded straight from receipts: no node, no link and no daemon lies between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_utils.abi import event_abi_to_log_topic

import contracts
from chains.blocks import Block, Log, Transaction
from chains.local import LocalChain


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One decoded event; `contract` is the name of the contract's artifact, `arguments` by name."""

    chain_id: int
    block: int
    time: int
    contract: str
    address: bytes
    name: str
    arguments: Mapping[str, Any]
    transaction: Transaction = field(repr=False)


@cache
def _events(contract: str) -> dict[bytes, dict[str, Any]]:
    return {
        bytes(event_abi_to_log_topic(entry)): entry  # type: ignore[arg-type]
        for entry in contracts.load(contract).abi
        if entry["type"] == "event"
    }


def _type(parameter: Mapping[str, Any]) -> str:
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(part) for part in parameter["components"]) + ")" + kind.removeprefix("tuple")


@cache
def _function(contract: str, name: str) -> tuple[str, ...]:
    entry = next(one for one in contracts.load(contract).abi if one["type"] == "function" and one["name"] == name)
    return tuple(_type(parameter) for parameter in entry["inputs"])


def decode_call(contract: str, name: str, payload: bytes) -> tuple[Any, ...]:
    """Arguments of a call of a function that is not overloaded; raises eth_abi's errors for any other bytes."""
    return tuple(decode(_function(contract, name), payload[4:]))


def decode_event(contract: str, log: Log) -> tuple[str, dict[str, Any]] | None:
    """Name and arguments of one of a contract's own events, None for anything else."""
    found = _events(contract).get(log.topics[0]) if log.topics else None
    if found is None:
        return None
    indexed = [parameter for parameter in found["inputs"] if parameter["indexed"]]
    plain = [parameter for parameter in found["inputs"] if not parameter["indexed"]]
    values = {
        parameter["name"]: decode([_type(parameter)], topic)[0]
        for parameter, topic in zip(indexed, log.topics[1:], strict=True)
    }
    values.update(
        zip((parameter["name"] for parameter in plain), decode([_type(one) for one in plain], log.payload), strict=True)
    )
    return str(found["name"]), values


class FinalBlocks:
    """Reads each chain's final blocks once, from the first. `contracts_by_address`: whose events count, by chain."""

    def __init__(
        self, chains: Mapping[int, LocalChain], contracts_by_address: Mapping[int, Mapping[bytes, str]]
    ) -> None:
        self._chains = chains
        self._contracts = contracts_by_address
        self.read_up_to = dict.fromkeys(chains, -1)

    def unread(self) -> Iterator[tuple[LocalChain, Block]]:
        """Blocks that became final since the last call, chain by chain in order."""
        for chain_id in sorted(self._chains):
            chain = self._chains[chain_id]
            last = chain.finalized_header().number
            for number in range(self.read_up_to[chain_id] + 1, last + 1):
                yield chain, chain.ledger.block(number)
            self.read_up_to[chain_id] = max(last, self.read_up_to[chain_id])

    def events(self, chain: LocalChain, block: Block) -> Iterator[Event]:
        """The known contracts' events of a block in order."""
        known = self._contracts[chain.chain_id]
        for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
            for log in receipt.logs:
                contract = known.get(log.address)
                decoded = None if contract is None else decode_event(contract, log)
                if contract is None or decoded is None:
                    continue
                yield Event(
                    chain_id=chain.chain_id,
                    block=block.header.number,
                    time=block.header.timestamp,
                    contract=contract,
                    address=log.address,
                    name=decoded[0],
                    arguments=decoded[1],
                    transaction=transaction,
                )
