"""Reads the settlement chain's own contracts: forced queue, rollup, outbox."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_encode, require_address, require_uint
from bridge.contract_reader import ContractReader

ITEM_TYPE = "(uint8,uint32,address,uint16,uint128,bytes32,uint64)"


class ItemKind(IntEnum):
    """What a forced item asks for."""

    NONE = 0
    DEPOSIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One entry of the forced queue; amounts in base units, times in seconds."""

    index: int
    kind: ItemKind
    account: int
    owner: ChecksumAddress
    asset: int
    amount: int
    packet_id: bytes
    enqueued_at: int

    def __post_init__(self) -> None:
        for name, bits in (("index", 64), ("account", 32), ("asset", 16), ("amount", 128), ("enqueued_at", 64)):
            require_uint(getattr(self, name), bits, name)
        require_address(self.owner)

    def as_abi(self) -> tuple[Any, ...]:
        """The fields of `Item` in Solidity's order; the index is the item's place, not part of it."""
        return (
            int(self.kind),
            self.account,
            self.owner,
            self.asset,
            self.amount,
            self.packet_id,
            self.enqueued_at,
        )

    def encode(self) -> bytes:
        """`abi.encode(item)`, 224 bytes."""
        return abi_encode([ITEM_TYPE], [self.as_abi()])

    @property
    def digest(self) -> bytes:
        """`keccak256` of the encoding, the queue's `itemHash`."""
        return keccak(self.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedBatch:
    """What the rollup keeps of a batch."""

    index: int
    commitment: bytes
    state_root: bytes
    posted_at: int
    posted_block: int
    queue_cursor: int
    clock: int


class ForcedQueue(ContractReader):
    """A `ForcedQueue`."""

    artifact = "ForcedQueue"

    def items(self, from_block: int, to_block: int) -> list[QueueItem]:
        """Items whose events lie in the range, in order; hints until `item_hash` confirms them."""
        found = []
        for log in self.chain.logs(self.contract.events.ItemEnqueued(), from_block, to_block):
            item = log["args"]["item"]
            found.append(
                QueueItem(
                    index=log["args"]["index"],
                    kind=ItemKind(item["kind"]),
                    account=item["account"],
                    owner=to_checksum_address(item["owner"]),
                    asset=item["asset"],
                    amount=item["amount"],
                    packet_id=bytes(item["packetId"]),
                    enqueued_at=item["enqueuedAt"],
                )
            )
        return found

    def count(self, *, block: int | None = None) -> int:
        """Items ever enqueued."""
        return int(self._read(self.contract.functions.count(), block))

    def item_hash(self, index: int, *, block: int | None = None) -> bytes:
        """What the queue committed to for an item."""
        return bytes(self._read(self.contract.functions.itemHash(index), block))

    def deadline(self, index: int, *, block: int | None = None) -> int:
        """Timestamp by which a batch must have taken the item."""
        return int(self._read(self.contract.functions.deadline(index), block))

    def account_of(self, owner: ChecksumAddress, *, block: int | None = None) -> int:
        """Dense account id of an owner; raises `TransactionReverted` if there is none."""
        return int(self._read(self.contract.functions.accountOf(owner), block))


class Rollup(ContractReader):
    """A `Rollup`."""

    artifact = "Rollup"

    def batch_count(self, *, block: int | None = None) -> int:
        """Batches accepted."""
        return int(self._read(self.contract.functions.batchCount(), block))

    def batch(self, index: int, *, block: int | None = None) -> PostedBatch:
        """What is kept of a batch."""
        commitment, state_root, posted_at, posted_block, cursor, clock = self._read(
            self.contract.functions.batch(index), block
        )
        return PostedBatch(
            index=index,
            commitment=bytes(commitment),
            state_root=bytes(state_root),
            posted_at=posted_at,
            posted_block=posted_block,
            queue_cursor=cursor,
            clock=clock,
        )

    def is_final(self, index: int, *, block: int | None = None) -> bool:
        """Whether the challenge period has passed in seconds and in blocks."""
        return bool(self._read(self.contract.functions.isFinal(index), block))


class Outbox(ContractReader):
    """A `WithdrawalOutbox`."""

    artifact = "WithdrawalOutbox"

    def is_spent(self, withdrawal_id: int, *, block: int | None = None) -> bool:
        """Whether the withdrawal was released."""
        return bool(self._read(self.contract.functions.isSpent(withdrawal_id), block))

    def packet_of(self, withdrawal_id: int, *, block: int | None = None) -> bytes:
        """The packet that is out for a withdrawal, 32 zero bytes before its release and after its answer."""
        return bytes(self._read(self.contract.functions.packetOf(withdrawal_id), block))

    def released(self, from_block: int, to_block: int) -> dict[int, bytes]:
        """Packet id by withdrawal id, of releases whose events lie in the range."""
        return {
            log["args"]["id"]: bytes(log["args"]["packetId"])
            for log in self.chain.logs(self.contract.events.WithdrawalReleased(), from_block, to_block)
        }
