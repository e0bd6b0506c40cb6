"""Wire layouts of the steps, and the EIP-712 hashes that the signed ones are signed by.

A layout includes the kind byte. Signed layouts end in `r, s, v`.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from exchange.state.hashing import keccak256


class StepKind(IntEnum):
    """First byte of a step."""

    PLACE_ORDER = 1
    CANCEL_ORDER = 2
    CANCEL_ALL = 3
    WITHDRAW = 4
    ORACLE_REPORT = 5
    REPRICE = 6
    CONTINUE = 7
    LIQUIDATE = 8
    COVER = 9
    LOCK_CASH = 10
    CLAIM_LOCK = 11
    REFUND_LOCK = 12
    QUEUE_WITHDRAWAL = 13
    SERVE_QUEUE = 14
    RESERVE_REBALANCE = 15
    LAPSE_RESERVATION = 16
    LEAVE_QUEUE = 17


PLACE_ORDER: Final = Layout(">BIBHBBQQQQ32s32sB")
CANCEL_ORDER: Final = Layout(">BIBHIQQQ32s32sB")
CANCEL_ALL: Final = Layout(">BIBQQ32s32sB")
WITHDRAW: Final = Layout(">BIBHQQ20sQQ32s32sB")
ORACLE_REPORT: Final = Layout(">BHB")
REPORT: Final = Layout(">QQ32s32sB")
MARKET_STEP: Final = Layout(">BH")
LIQUIDATE: Final = Layout(">BIH")
COVER: Final = Layout(">BI")
LOCK_CASH: Final = Layout(">BIBIQQ32sQQQ32s32sB")
CLAIM_LOCK: Final = Layout(">BQ32s")
REFUND_LOCK: Final = Layout(">BQ")
QUEUE_WITHDRAWAL: Final = WITHDRAW
SERVE_QUEUE: Final = Layout(">BH")
RESERVE_REBALANCE: Final = Layout(">BIBHHQQQQ20sQQ32s32sB")
LAPSE_RESERVATION: Final = Layout(">BI")
LEAVE_QUEUE: Final = Layout(">BIBQQQ32s32sB")

PLACE_ORDER_TYPE: Final = keccak256(
    b"PlaceOrder(uint32 account,uint16 market,uint8 side,uint8 timeInForce,"
    b"uint64 price,uint64 size,uint64 nonce,uint64 expiry)"
)
CANCEL_ORDER_TYPE: Final = keccak256(
    b"CancelOrder(uint32 account,uint16 market,uint32 slot,uint64 sequence,uint64 nonce,uint64 expiry)"
)
CANCEL_ALL_TYPE: Final = keccak256(b"CancelAll(uint32 account,uint64 nonce,uint64 expiry)")
WITHDRAW_TYPE: Final = keccak256(
    b"Withdraw(uint32 account,uint16 asset,uint128 amount,address recipient,uint64 nonce,uint64 expiry)"
)
ORACLE_REPORT_TYPE: Final = keccak256(b"OracleReport(uint16 underlying,uint64 price,uint64 time)")
LOCK_CASH_TYPE: Final = keccak256(
    b"LockCash(uint32 account,uint32 payee,uint128 amount,bytes32 hash,uint64 deadline,uint64 nonce,uint64 expiry)"
)
QUEUE_WITHDRAWAL_TYPE: Final = keccak256(
    b"QueueWithdrawal(uint32 account,uint16 asset,uint128 amount,address recipient,uint64 nonce,uint64 expiry)"
)
RESERVE_REBALANCE_TYPE: Final = keccak256(
    b"ReserveRebalance(uint32 account,uint16 short,uint16 long,uint128 amount,uint128 minRebate,address recipient,"
    b"uint64 nonce,uint64 expiry)"
)
LEAVE_QUEUE_TYPE: Final = keccak256(b"LeaveQueue(uint32 account,uint64 waiting,uint64 nonce,uint64 expiry)")

# abi.encode of the type hash and the fields: every value right-aligned in 32 bytes.
PLACE_ORDER_FIELDS: Final = Layout(">32s 28xI 30xH 31xB 31xB 24xQ 24xQ 24xQ 24xQ")
CANCEL_ORDER_FIELDS: Final = Layout(">32s 28xI 30xH 28xI 24xQ 24xQ 24xQ")
CANCEL_ALL_FIELDS: Final = Layout(">32s 28xI 24xQ 24xQ")
WITHDRAW_FIELDS: Final = Layout(">32s 28xI 30xH 16xQQ 12x20s 24xQ 24xQ")
ORACLE_REPORT_FIELDS: Final = Layout(">32s 30xH 24xQ 24xQ")
RESERVE_REBALANCE_FIELDS: Final = Layout(">32s 28xI 30xH 30xH 16xQQ 16xQQ 12x20s 24xQ 24xQ")
LEAVE_QUEUE_FIELDS: Final = Layout(">32s 28xI 24xQ 24xQ 24xQ")
LOCK_CASH_FIELDS: Final = Layout(">32s 28xI 28xI 16xQQ 32s 24xQ 24xQ 24xQ")


def place_order_hash(  # noqa: PLR0913, PLR0917  # the fields of the struct, in its order
    account: int, market: int, side: int, time_in_force: int, price: int, size: int, nonce: int, expiry: int
) -> bytes:
    """EIP-712 struct hash of PlaceOrder."""
    return keccak256(
        PLACE_ORDER_FIELDS.pack(PLACE_ORDER_TYPE, account, market, side, time_in_force, price, size, nonce, expiry)
    )


def cancel_order_hash(account: int, market: int, slot: int, sequence: int, nonce: int, expiry: int) -> bytes:  # noqa: PLR0913, PLR0917
    """EIP-712 struct hash of CancelOrder."""
    return keccak256(CANCEL_ORDER_FIELDS.pack(CANCEL_ORDER_TYPE, account, market, slot, sequence, nonce, expiry))


def cancel_all_hash(account: int, nonce: int, expiry: int) -> bytes:
    """EIP-712 struct hash of CancelAll."""
    return keccak256(CANCEL_ALL_FIELDS.pack(CANCEL_ALL_TYPE, account, nonce, expiry))


def withdraw_hash(account: int, asset: int, amount: int, recipient: bytes, nonce: int, expiry: int) -> bytes:  # noqa: PLR0913, PLR0917
    """EIP-712 struct hash of Withdraw."""
    return keccak256(
        WITHDRAW_FIELDS.pack(
            WITHDRAW_TYPE, account, asset, amount >> 64, amount & ((1 << 64) - 1), recipient, nonce, expiry
        )
    )


def oracle_report_hash(underlying: int, price: int, time: int) -> bytes:
    """EIP-712 struct hash of one OracleReport."""
    return keccak256(ORACLE_REPORT_FIELDS.pack(ORACLE_REPORT_TYPE, underlying, price, time))


def lock_cash_hash(  # noqa: PLR0913, PLR0917  # the fields of the struct, in its order
    account: int, payee: int, amount: int, digest: bytes, deadline: int, nonce: int, expiry: int
) -> bytes:
    """EIP-712 struct hash of LockCash."""
    return keccak256(
        LOCK_CASH_FIELDS.pack(
            LOCK_CASH_TYPE, account, payee, amount >> 64, amount & ((1 << 64) - 1), digest, deadline, nonce, expiry
        )
    )


def queue_withdrawal_hash(account: int, asset: int, amount: int, recipient: bytes, nonce: int, expiry: int) -> bytes:  # noqa: PLR0913, PLR0917
    """EIP-712 struct hash of QueueWithdrawal."""
    return keccak256(
        WITHDRAW_FIELDS.pack(
            QUEUE_WITHDRAWAL_TYPE, account, asset, amount >> 64, amount & ((1 << 64) - 1), recipient, nonce, expiry
        )
    )


def reserve_rebalance_hash(  # noqa: PLR0913, PLR0917  # the fields of the struct, in its order
    account: int, short: int, long: int, amount: int, min_rebate: int, recipient: bytes, nonce: int, expiry: int
) -> bytes:
    """EIP-712 struct hash of ReserveRebalance."""
    low = (1 << 64) - 1
    amounts = (amount >> 64, amount & low, min_rebate >> 64, min_rebate & low)
    return keccak256(
        RESERVE_REBALANCE_FIELDS.pack(RESERVE_REBALANCE_TYPE, account, short, long, *amounts, recipient, nonce, expiry)
    )


def leave_queue_hash(account: int, waiting: int, nonce: int, expiry: int) -> bytes:
    """EIP-712 struct hash of LeaveQueue."""
    return keccak256(LEAVE_QUEUE_FIELDS.pack(LEAVE_QUEUE_TYPE, account, waiting, nonce, expiry))


def reprice(market: int) -> bytes:
    """Step that prices a market by the last report."""
    return MARKET_STEP.pack(StepKind.REPRICE, market)


def continue_register(market: int) -> bytes:
    """Step that goes on with a market's unfinished order."""
    return MARKET_STEP.pack(StepKind.CONTINUE, market)


def liquidate(account: int, market: int) -> bytes:
    """Step that liquidates an account in a market."""
    return LIQUIDATE.pack(StepKind.LIQUIDATE, account, market)


def cover(account: int) -> bytes:
    """Step that covers an account's negative cash."""
    return COVER.pack(StepKind.COVER, account)


def claim_lock(lock: int, preimage: bytes) -> bytes:
    """Step that pays a lock to its payee, against the preimage of its hash: exactly 32 bytes, or ValueError."""
    if len(preimage) != 32:
        raise ValueError("a preimage has exactly 32 bytes")
    return CLAIM_LOCK.pack(StepKind.CLAIM_LOCK, lock, preimage)


def refund_lock(lock: int) -> bytes:
    """Step that gives a lock back to who locked it."""
    return REFUND_LOCK.pack(StepKind.REFUND_LOCK, lock)


def serve_queue(asset: int) -> bytes:
    """Step that pays waiting withdrawals of an asset from its inventory."""
    return SERVE_QUEUE.pack(StepKind.SERVE_QUEUE, asset)


def lapse_reservation(account: int) -> bytes:
    """Step that ends an account's reservation whose deposit did not come."""
    return LAPSE_RESERVATION.pack(StepKind.LAPSE_RESERVATION, account)
