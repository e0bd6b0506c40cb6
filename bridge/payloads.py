"""Payloads of the clearinghouse. Each starts with a kind, so that no message can be read as another."""

from dataclasses import dataclass
from typing import ClassVar, Self

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.abi import abi_decode, abi_encode, require_address, require_uint
from bridge.errors import Reason, Rejected


def _refuse_other_kind(kind: int, expected: int) -> None:
    if kind != expected:
        raise Rejected(Reason.UNKNOWN_KIND, f"payload kind {kind}, expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositMessage:
    """From a vault to the forced queue: `amount` base units of `asset` were locked for `owner`."""

    KIND: ClassVar[int] = 1
    TYPES: ClassVar[tuple[str, ...]] = ("uint8", "address", "uint256", "address", "address")

    asset: ChecksumAddress
    amount: int
    owner: ChecksumAddress
    refund_to: ChecksumAddress

    def __post_init__(self) -> None:
        require_uint(self.amount, 256, "amount")
        for address in (self.asset, self.owner, self.refund_to):
            require_address(address)

    def encode(self) -> bytes:
        """ABI encoding with the kind in front, 160 bytes."""
        return abi_encode(self.TYPES, (self.KIND, self.asset, self.amount, self.owner, self.refund_to))

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The message of its one encoding; raises `Rejected` for another kind or any other bytes."""
        kind, asset, amount, owner, refund_to = abi_decode(cls.TYPES, payload)
        _refuse_other_kind(kind, cls.KIND)
        return cls(
            asset=to_checksum_address(asset),
            amount=amount,
            owner=to_checksum_address(owner),
            refund_to=to_checksum_address(refund_to),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseMessage:
    """From the outbox to a vault: pay `amount` base units of `asset` to `recipient`."""

    KIND: ClassVar[int] = 2
    TYPES: ClassVar[tuple[str, ...]] = ("uint8", "uint64", "address", "uint256", "address")

    withdrawal_id: int
    asset: ChecksumAddress
    amount: int
    recipient: ChecksumAddress

    def __post_init__(self) -> None:
        require_uint(self.withdrawal_id, 64, "withdrawal_id")
        require_uint(self.amount, 256, "amount")
        for address in (self.asset, self.recipient):
            require_address(address)

    def encode(self) -> bytes:
        """ABI encoding with the kind in front, 160 bytes."""
        return abi_encode(self.TYPES, (self.KIND, self.withdrawal_id, self.asset, self.amount, self.recipient))

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The message of its one encoding; raises `Rejected` for another kind or any other bytes."""
        kind, withdrawal_id, asset, amount, recipient = abi_decode(cls.TYPES, payload)
        _refuse_other_kind(kind, cls.KIND)
        return cls(
            withdrawal_id=withdrawal_id,
            asset=to_checksum_address(asset),
            amount=amount,
            recipient=to_checksum_address(recipient),
        )
