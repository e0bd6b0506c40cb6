"""What a proposer puts in the next header."""

from collections.abc import Sequence

from eth_hash.auto import keccak

from chains.evm import EMPTY_ROOT, BlockContext, Execution
from chains.headers import SealedHeader, integer
from chains.qbft import ExtraData

GENESIS_BASE_FEE = 7
"""Wei; the highest EIP-1559 fee that an empty block does not lower, so fees stay what they are."""
EMPTY_UNCLES = keccak(b"\xc0")
EMPTY_REQUESTS = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")


def draft_header(
    context: BlockContext, parent_hash: bytes, execution: Execution, *, validators: Sequence[bytes], round_number: int
) -> SealedHeader:
    """The unsealed header of a block: the 21 fields of a post-merge Prague header."""
    fields = (
        parent_hash,
        EMPTY_UNCLES,
        context.coinbase,
        execution.state_root,
        execution.transaction_root,
        execution.receipt_root,
        execution.bloom,
        integer(0),
        integer(context.number),
        integer(context.gas_limit),
        integer(execution.gas_used),
        integer(context.timestamp),
        b"",
        context.mix_hash,
        bytes(8),
        integer(context.base_fee),
        EMPTY_ROOT,
        integer(0),
        integer(0),
        bytes(32),
        EMPTY_REQUESTS,
    )
    return SealedHeader.build(fields, ExtraData(validators=tuple(validators), round=round_number))


def next_base_fee(parent: SealedHeader) -> int:
    """Wei per gas that the block after this one burns, by EIP-1559 with a target of half the gas limit."""
    base_fee, gas_used, target = parent.base_fee, parent.gas_used, parent.gas_limit // 2
    if gas_used > target:
        return base_fee + max(base_fee * (gas_used - target) // target // 8, 1)
    return base_fee - base_fee * (target - gas_used) // target // 8
