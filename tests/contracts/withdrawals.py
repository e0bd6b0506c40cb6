"""Leaves of the withdrawals tree; see docs/protocol/state.md."""

from dataclasses import astuple, dataclass
from typing import Any

from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from tests.contracts.harness import FAR, STRANGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A withdrawal in the contract's order of fields."""

    id: int
    account: int = 1
    recipient: str = STRANGER.address
    asset: int = 0
    chain_id: int = FAR
    token: str
    amount: int = 2_000_000

    def hash(self) -> bytes:
        """Leaf of kind 9."""
        return keccak(
            b"\x00\x09"
            + self.id.to_bytes(8, "big")
            + self.account.to_bytes(4, "big")
            + to_canonical_address(self.recipient)
            + self.asset.to_bytes(2, "big")
            + self.chain_id.to_bytes(8, "big")
            + to_canonical_address(self.token)
            + self.amount.to_bytes(16, "big")
        )

    def fields(self) -> tuple[Any, ...]:
        """The struct as web3 takes it."""
        return astuple(self)
