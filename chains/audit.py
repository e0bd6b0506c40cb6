"""Checks a whole chain against itself: what a reader of a kept database does before believing it."""

from dataclasses import dataclass

from chains.blocks import Block
from chains.errors import Reason, Rejected
from chains.local import LocalChain
from chains.proposals import next_base_fee


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """How much was checked."""

    blocks: int
    transactions: int


def audit(chain: LocalChain) -> AuditReport:
    """Re-execute every block and check links, roots, receipts and seals; raises Rejected(InvalidChain).

    The genesis block is taken on trust, and so is who may be a validator: each header is held to the set it names.
    """
    transactions = 0
    final = chain.finalized_header().number
    for number in range(1, chain.head().number + 1):
        block = chain.ledger.block(number)
        _check_header(chain, block, is_final=number <= final)
        _check_content(chain, block)
        transactions += len(block.transactions)
    return AuditReport(blocks=chain.head().number, transactions=transactions)


def _check_header(chain: LocalChain, block: Block, *, is_final: bool) -> None:
    header, parent = block.header, chain.header(block.header.number - 1)
    _require(header.parent_hash == parent.hash, block, "it names another parent")
    _require(header.timestamp > parent.timestamp, block, "its time does not follow its parent's")
    _require(header.gas_limit == chain.gas_limit, block, "it has another gas limit")
    _require(header.base_fee == next_base_fee(parent), block, "it has another base fee")
    _require(header.is_final if is_final else not header.seals, block, "its seals are not a quorum of its validators")


def _check_content(chain: LocalChain, block: Block) -> None:
    header = block.header
    parent_root = chain.header(header.number - 1).state_root
    execution = chain.evm.execute(chain.context_of(header.number), parent_root, block.transactions)
    _require(execution.transactions == block.transactions, block, "a transaction in it is not valid")
    _require(execution.receipts == block.receipts, block, "a receipt is not what its transaction came to")
    _require(execution.state_root == header.state_root, block, "its state root is not what its transactions came to")
    _require(execution.transaction_root == header.fields[4], block, "it holds other transactions than it commits to")
    _require(execution.receipt_root == header.fields[5], block, "it holds other receipts than it commits to")
    _require(execution.bloom == header.fields[6], block, "its bloom is not that of its logs")
    _require(execution.gas_used == header.gas_used, block, "it used other gas than it says")


def _require(condition: bool, block: Block, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise Rejected(Reason.INVALID_CHAIN, f"block {block.header.number}: {message}")
