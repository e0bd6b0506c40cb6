"""Blocks, transactions and receipts as a local chain keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import rlp
from eth_hash.auto import keccak

from chains.headers import SealedHeader

BLOOM_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A signed transaction whose sender is known.

    Amounts in wei; `to` is None for a creation; `native` is the form the EVM executes.
    """

    hash: bytes
    raw: bytes
    type_id: int
    sender: bytes
    to: bytes | None
    nonce: int
    gas: int
    value: int
    input: bytes = field(repr=False)
    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    chain_id: int | None
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...]
    y_parity: int
    r: int
    s: int
    native: Any = field(repr=False, compare=False)

    @property
    def maximum_cost(self) -> int:
        """Wei the sender must have."""
        return self.value + self.gas * self.max_fee_per_gas

    def gas_price(self, base_fee: int) -> int:
        """Wei per gas actually paid."""
        return min(self.max_fee_per_gas, self.max_priority_fee_per_gas + base_fee)

    @property
    def created_address(self) -> bytes | None:
        """Where a creation puts its contract."""
        return None if self.to is not None else create_address(self.sender, self.nonce)


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One event: 20-byte address, 32-byte topics, data."""

    address: bytes
    topics: tuple[bytes, ...]
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The outcome of one transaction; `encoded` is what the receipt trie holds."""

    succeeded: bool
    cumulative_gas: int
    bloom: bytes
    logs: tuple[Log, ...]
    encoded: bytes = field(repr=False)

    @classmethod
    def decode(cls, encoded: bytes) -> "Receipt":
        """From the receipt trie's bytes, typed or not."""
        body = encoded if encoded[0] >= 0xC0 else encoded[1:]
        status, cumulative_gas, bloom, logs = cast("list[Any]", rlp.decode(body))
        return cls(
            succeeded=status == b"\x01",
            cumulative_gas=int.from_bytes(cumulative_gas, "big"),
            bloom=bloom,
            logs=tuple(
                Log(address=address, topics=tuple(topics), payload=payload) for address, topics, payload in logs
            ),
            encoded=encoded,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A mined block; its header carries seals once it is final."""

    header: SealedHeader
    transactions: tuple[Transaction, ...] = ()
    receipts: tuple[Receipt, ...] = ()

    def gas_used_by(self, index: int) -> int:
        """Gas of one transaction."""
        before = self.receipts[index - 1].cumulative_gas if index else 0
        return self.receipts[index].cumulative_gas - before

    @property
    def first_log_index(self) -> Sequence[int]:
        """Index within the block of each receipt's first log."""
        positions, position = [], 0
        for receipt in self.receipts:
            positions.append(position)
            position += len(receipt.logs)
        return positions


def create_address(sender: bytes, nonce: int) -> bytes:
    """Address of a contract created by a transaction."""
    return keccak(cast("bytes", rlp.encode([sender, nonce])))[12:]
