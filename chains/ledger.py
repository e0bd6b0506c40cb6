"""The canonical blocks of a local chain, indexed by hash, by transaction and by who logged in them."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chains.blocks import Block, Log, Receipt, Transaction
from chains.errors import Reason, Rejected
from chains.headers import SealedHeader

MAX_BLOCKHASH_DEPTH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """Where a transaction ended up."""

    block: Block
    index: int

    @property
    def transaction(self) -> Transaction:
        """The transaction."""
        return self.block.transactions[self.index]

    @property
    def receipt(self) -> Receipt:
        """Its receipt."""
        return self.block.receipts[self.index]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLog:
    """A log and where it is: `log_index` counts within the block."""

    included: Included
    log_index: int
    log: Log


class Ledger:
    """Blocks from the genesis block to the head, without gaps."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._by_hash: dict[bytes, int] = {}
        self._transactions: dict[bytes, tuple[int, int]] = {}
        self._heights_with_logs: dict[bytes, list[int]] = {}

    @property
    def head(self) -> Block:
        """The newest block."""
        return self._blocks[-1]

    @property
    def height(self) -> int:
        """Number of the newest block."""
        return len(self._blocks) - 1

    def append(self, block: Block) -> None:
        """Add the next block; raises Rejected(InvalidChain) for any other."""
        if block.header.number != len(self._blocks):
            raise Rejected(Reason.INVALID_CHAIN, f"block {block.header.number} does not follow {self.height}")
        if self._blocks and block.header.parent_hash != self.head.header.hash:
            raise Rejected(Reason.INVALID_CHAIN, f"block {block.header.number} names another parent")
        self._by_hash[block.header.hash] = block.header.number
        for index, transaction in enumerate(block.transactions):
            self._transactions[transaction.hash] = (block.header.number, index)
        for address in {log.address for receipt in block.receipts for log in receipt.logs}:
            self._heights_with_logs.setdefault(address, []).append(block.header.number)
        self._blocks.append(block)

    def copy(self) -> "Ledger":
        """The same blocks, to go on from independently."""
        twin = Ledger()
        twin._blocks = list(self._blocks)
        twin._by_hash = dict(self._by_hash)
        twin._transactions = dict(self._transactions)
        twin._heights_with_logs = {address: list(heights) for address, heights in self._heights_with_logs.items()}
        return twin

    def truncate(self, height: int) -> list[Block]:
        """Take off every block above a height; answers them, the lowest first."""
        removed = self._blocks[height + 1 :]
        del self._blocks[height + 1 :]
        for block in removed:
            del self._by_hash[block.header.hash]
            for transaction in block.transactions:
                del self._transactions[transaction.hash]
            for address in {log.address for receipt in block.receipts for log in receipt.logs}:
                self._heights_with_logs[address].remove(block.header.number)
        return removed

    def attach_seals(self, sealed: SealedHeader) -> None:
        """Put the sealed form of a header in place of the unsealed one."""
        block = self._blocks[sealed.number]
        if block.header.hash != sealed.hash:
            raise ValueError("seals of another block")
        self._blocks[sealed.number] = Block(header=sealed, transactions=block.transactions, receipts=block.receipts)

    def block(self, number: int) -> Block:
        """The block at a height; raises Rejected(UnknownBlock)."""
        if not 0 <= number < len(self._blocks):
            raise Rejected(Reason.UNKNOWN_BLOCK, f"number {number}, the head is {self.height}")
        return self._blocks[number]

    def block_with_hash(self, block_hash: bytes) -> Block:
        """The canonical block with a hash; raises Rejected(UnknownBlock)."""
        number = self._by_hash.get(block_hash)
        if number is None:
            raise Rejected(Reason.UNKNOWN_BLOCK, f"hash 0x{block_hash.hex()}")
        return self._blocks[number]

    def find_transaction(self, transaction_hash: bytes) -> Included | None:
        """Where a transaction was mined, None when it was not."""
        found = self._transactions.get(transaction_hash)
        return None if found is None else Included(block=self._blocks[found[0]], index=found[1])

    def ancestors(self, number: int) -> "Ancestors":
        """Hashes of the up to 256 blocks before a height, the nearest first."""
        return Ancestors(self._blocks, number)

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Collection[bytes] = (),
        topics: Sequence[Collection[bytes]] = (),
    ) -> Iterator[FoundLog]:
        """Logs between two heights, both included, in chain order.

        addresses: any of these, empty for all. topics: by position any of these, empty for all.
        """
        wanted = frozenset(addresses)
        for number in self._heights(from_block, to_block, wanted):
            yield from _matching(self._blocks[number], wanted, topics)

    def _heights(self, from_block: int, to_block: int, addresses: frozenset[bytes]) -> Sequence[int]:
        last = min(to_block, self.height)
        if not addresses:
            return range(max(from_block, 0), last + 1)
        heights: set[int] = set()
        for address in addresses:
            listed = self._heights_with_logs.get(address, [])
            heights.update(listed[bisect_left(listed, from_block) : bisect_left(listed, last + 1)])
        return sorted(heights)


class Ancestors:
    """Block hashes going back from a height; can be walked any number of times."""

    def __init__(self, blocks: Sequence[Block], number: int) -> None:
        self._blocks = blocks
        self._number = number

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._number - 1, max(-1, self._number - 1 - MAX_BLOCKHASH_DEPTH), -1):
            yield self._blocks[number].header.hash


def logs_of(block: Block) -> Iterator[FoundLog]:
    """Every log of a block in order."""
    log_index = 0
    for index, receipt in enumerate(block.receipts):
        included = Included(block=block, index=index)
        for log in receipt.logs:
            yield FoundLog(included=included, log_index=log_index, log=log)
            log_index += 1


def _matching(block: Block, addresses: frozenset[bytes], topics: Sequence[Collection[bytes]]) -> Iterator[FoundLog]:
    for found in logs_of(block):
        log = found.log
        if addresses and log.address not in addresses:
            continue
        if len(topics) > len(log.topics):
            continue
        if all(not wanted or topic in wanted for wanted, topic in zip(topics, log.topics, strict=False)):
            yield found
