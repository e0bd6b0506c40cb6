"""Reads the settlement chain's own contracts: forced queue, ledger, rollup, outbox."""

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
    SWAP_CLAIM = 2
    SWAP_REFUND = 3
    CHAIN_HEALTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One entry of the forced queue; amounts in base units, times in seconds.

    Of a claim or refund, `amount` is the lock's id and `owner` who paid; `packet_id` of a claim is the preimage. Of a
    chain's health, `amount` is 1 when it was found sick and 0 when it has recovered, `asset` one of its assets.
    """

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
class ChainCredit:
    """The ledger's account of one token of one chain, in base units; see `IChainLedger`."""

    credited: int
    released: int
    settled: int
    net_cap: int
    window_cap: int
    room: int
    max_loss: int

    @property
    def net(self) -> int:
        """Credit nothing has been paid for yet."""
        return self.credited - self.settled


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """What the queue knows of a chain; `ready_at` (seconds) and `ready_block` are 0 until its recovery has begun."""

    is_sick: bool
    ready_at: int
    ready_block: int


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

    def forced_fee(self) -> int:
        """Wei that a forced claim or refund costs."""
        return int(self._read(self.contract.functions.forcedFee(), None))

    def chain_state(self, chain_id: int, *, block: int | None = None) -> ChainState:
        """Whether a chain is reported sick, and from when it can be reported healthy."""
        is_sick, ready_at, ready_block = self._read(self.contract.functions.chainState(chain_id), block)
        return ChainState(is_sick=is_sick, ready_at=ready_at, ready_block=ready_block)

    def is_reachable(self, chain_id: int, *, block: int | None = None) -> bool:
        """Whether the chain's client is active and its route open; raises `TransactionReverted` for another chain."""
        return bool(self._read(self.contract.functions.isReachable(chain_id), block))

    def account_of(self, owner: ChecksumAddress, *, block: int | None = None) -> int:
        """Dense account id of an owner; raises `TransactionReverted` if there is none."""
        return int(self._read(self.contract.functions.accountOf(owner), block))


class Ledger(ContractReader):
    """A `ChainLedger`. Tokens are `ZERO_ADDRESS` for ether; amounts in base units."""

    artifact = "ChainLedger"

    def credit(self, chain_id: int, token: ChecksumAddress, *, block: int | None = None) -> ChainCredit:
        """What a chain's token was credited, what has left, and what bounds it."""
        functions = self.contract.functions
        credited, released, settled = self._read(functions.totals(chain_id, token), block)
        net_cap, window_cap = self._read(functions.capsOf(chain_id, token), block)
        return ChainCredit(
            credited=credited,
            released=released,
            settled=settled,
            net_cap=net_cap,
            window_cap=window_cap,
            room=int(self._read(functions.room(chain_id, token), block)),
            max_loss=int(self._read(functions.maxLoss(chain_id, token), block)),
        )

    def room(self, chain_id: int, token: ChecksumAddress, *, block: int | None = None) -> int:
        """The largest deposit that would be taken."""
        return int(self._read(self.contract.functions.room(chain_id, token), block))

    def max_loss(self, chain_id: int, token: ChecksumAddress, *, block: int | None = None) -> int:
        """What all other chains' vaults together can lose through this token if this chain is stolen."""
        return int(self._read(self.contract.functions.maxLoss(chain_id, token), block))

    def window_seconds(self) -> int:
        """Length of the window that the window cap bounds."""
        return int(self._read(self.contract.functions.windowSeconds(), None))


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

    def queue(self) -> ForcedQueue:
        """The queue that batches take from."""
        return ForcedQueue(self.chain, to_checksum_address(self._read(self.contract.functions.queue(), None)))

    def max_clock_lag(self) -> int:
        """Seconds a segment's clock may be behind the block that takes it."""
        return int(self._read(self.contract.functions.maxClockLag(), None))

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
