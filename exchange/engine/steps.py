"""Wire format of steps: one byte of kind, then a fixed body. docs/protocol/state.md has the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from struct import Struct as Layout
from types import MappingProxyType
from typing import Final

from exchange.engine.signed_steps import SignedStep
from exchange.state.account import ENVELOPE_ITEM_SIZE
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
    PLACE_SPECIAL = 20
    REPLACE = 21
    CANCEL_CLIENT = 22
    SET_KEY = 23
    OPEN_SUB_ACCOUNT = 24
    TRANSFER = 25
    PLACE_BULK = 26
    CONTINUE_BULK = 27
    TRIGGER = 28
    SWEEP = 29
    SCHEDULE_CANCEL_ALL = 30
    SET_PROTECTION = 31
    SET_FLAGS = 32
    CANCEL_DUE = 33
    PROPOSE = 34
    EXECUTE_OPERATION = 35
    CANCEL_OPERATION = 36
    SETTLE_POSITIONS = 37
    SMILE_REPORT = 40
    SETTLE_EXPIRY = 41
    BACKSTOP = 50
    UNWIND = 51
    DELEVERAGE = 52
    SETTLE_DELEVERAGING = 53


_ONCE: Final = "uint64 nonce,uint64 expiry"
_BY: Final = "uint32 account,uint16 key"
_ORDER: Final = f"{_BY},uint16 market,uint8 side,uint8 timeInForce,uint8 flags,uint64 price,uint64 size,uint64 goodTill"

PLACE_ORDER: Final = SignedStep(1, "PlaceOrder", f"{_ORDER},{_ONCE}")
CANCEL_ORDER: Final = SignedStep(2, "CancelOrder", f"{_BY},uint16 market,uint32 slot,uint64 sequence,{_ONCE}")
CANCEL_ALL: Final = SignedStep(3, "CancelAll", f"{_BY},{_ONCE}")
WITHDRAW: Final = SignedStep(4, "Withdraw", f"{_BY},uint16 asset,uint128 amount,address recipient,{_ONCE}")
LOCK_CASH: Final = SignedStep(10, "LockCash", f"{_BY},uint32 payee,uint128 amount,bytes32 hash,uint64 deadline,{_ONCE}")
QUEUE_WITHDRAWAL: Final = SignedStep(
    13, "QueueWithdrawal", f"{_BY},uint16 asset,uint128 amount,address recipient,{_ONCE}"
)
RESERVE_REBALANCE: Final = SignedStep(
    15,
    "ReserveRebalance",
    f"{_BY},uint16 short,uint16 long,uint128 amount,uint128 minRebate,address recipient,{_ONCE}",
)
LEAVE_QUEUE: Final = SignedStep(17, "LeaveQueue", f"{_BY},uint64 waiting,{_ONCE}")
PLACE_SPECIAL: Final = SignedStep(20, "PlaceSpecial", f"{_ORDER},uint64 display,uint64 trigger,{_ONCE}")
REPLACE: Final = SignedStep(
    21, "Replace", f"{_BY},uint16 market,uint32 slot,uint64 sequence,uint64 price,uint64 size,{_ONCE}"
)
CANCEL_CLIENT: Final = SignedStep(22, "CancelClient", f"{_BY},uint16 market,uint64 clientId,uint64 expiry")
SET_KEY: Final = SignedStep(23, "SetKey", f"{_BY},address signer,uint8 scope,uint64 until,{_ONCE}")
OPEN_SUB_ACCOUNT: Final = SignedStep(24, "OpenSubAccount", f"{_BY},uint8 number,{_ONCE}")
TRANSFER: Final = SignedStep(25, "Transfer", f"{_BY},uint32 to,uint16 asset,uint128 amount,{_ONCE}")
PLACE_BULK: Final = SignedStep(26, "PlaceBulk", f"{_BY},uint64 goodTill,{_ONCE}", tail="items")
SCHEDULE_CANCEL_ALL: Final = SignedStep(30, "ScheduleCancelAll", f"{_BY},uint64 time,{_ONCE}")
SET_PROTECTION: Final = SignedStep(31, "SetProtection", f"{_BY},uint64 limit,uint32 window,uint32 freeze,{_ONCE}")
SET_FLAGS: Final = SignedStep(32, "SetFlags", f"{_BY},uint8 flags,{_ONCE}")
PROPOSE: Final = SignedStep(34, "Propose", "uint32 operation,uint8 kind,uint64 expiry", tail="body")
CANCEL_OPERATION: Final = SignedStep(36, "CancelOperation", "uint32 operation,uint64 expiry")

SIGNED: Final[Mapping[int, SignedStep]] = MappingProxyType(
    {
        spec.kind: spec
        for spec in (
            *(PLACE_ORDER, CANCEL_ORDER, CANCEL_ALL, WITHDRAW, LOCK_CASH, QUEUE_WITHDRAWAL, RESERVE_REBALANCE),
            *(LEAVE_QUEUE, PLACE_SPECIAL, REPLACE, CANCEL_CLIENT, SET_KEY, OPEN_SUB_ACCOUNT, TRANSFER, PLACE_BULK),
            *(SCHEDULE_CANCEL_ALL, SET_PROTECTION, SET_FLAGS, PROPOSE, CANCEL_OPERATION),
        )
    }
)
"""Kinds with one signature. Reports carry several and are few."""

ORACLE_REPORT: Final = Layout(">BHQB")
REPORT: Final = Layout(">QQ32s32sB")
"""Price and confidence of one source, and its signature."""

SMILE_REPORT: Final = Layout(">BHQq" + "qQ" * 5)
"""Expiry, time, carry, then a, b, rho, m, sigma as signed 128-bit numbers; signatures follow."""

SIGNATURE: Final = Layout(">32s32sB")
SIGNATURE_SIZE: Final = SIGNATURE.size
SETTLE_EXPIRY: Final = Layout(">BHB")
MARKET_STEP: Final = Layout(">BH")
LIQUIDATE: Final = Layout(">BIH")
ACCOUNT_STEP: Final = Layout(">BI")
COVER: Final = ACCOUNT_STEP
SWEEP: Final = Layout(">BHB")
SETTLE_POSITIONS: Final = Layout(">BHB")
OPERATION_STEP: Final = Layout(">BI")
CANCEL_CLIENT_SLOT: Final = Layout(">I")
"""Follows the signature of CancelClient: where the order rests is a witness, nobody signs it."""

ITEM: Final = Layout(">BHBBBIQQQ")
"""`action, market, side, timeInForce, flags, slot, price, size, display`; see docs/protocol/state.md."""
CLAIM_LOCK: Final = Layout(">BQ32s")
REFUND_LOCK: Final = Layout(">BQ")
SERVE_QUEUE: Final = Layout(">BH")
LAPSE_RESERVATION: Final = Layout(">BI")

ORACLE_REPORT_TYPE: Final = keccak256(b"OracleReport(uint16 underlying,uint64 price,uint64 confidence,uint64 time)")
ORACLE_REPORT_FIELDS: Final = Layout(">32s 30xH 24xQ 24xQ 24xQ")
SMILE_REPORT_TYPE: Final = keccak256(
    b"SmileReport(uint16 expiry,uint64 time,int64 carry,int128 a,int128 b,int128 rho,int128 m,int128 sigma)"
)


class Action(IntEnum):
    """What an item of a bulk envelope does."""

    PLACE = 0
    CANCEL = 1
    REPLACE = 2
    TRIGGER = 3


def oracle_report_hash(underlying: int, price: int, confidence: int, time: int) -> bytes:
    """EIP-712 struct hash of one OracleReport."""
    return keccak256(ORACLE_REPORT_FIELDS.pack(ORACLE_REPORT_TYPE, underlying, price, confidence, time))


def smile_report_hash(expiry: int, time: int, carry: int, smile: Iterable[int]) -> bytes:
    """EIP-712 struct hash of a SmileReport; the smile is a, b, rho, m, sigma."""
    words = (expiry, time, carry, *smile)
    return keccak256(SMILE_REPORT_TYPE + b"".join(word.to_bytes(32, "big", signed=True) for word in words))


def reprice(*markets: int) -> bytes:
    """Step that marks up to eight markets of one underlying and expiry (ascending) by the last report."""
    return bytes([StepKind.REPRICE]) + b"".join(market.to_bytes(2, "big") for market in markets)


def settle_expiry(expiry: int, *markets: int) -> bytes:
    """Step that fixes the settlement price of an expiry and ends up to eight of its markets (ascending)."""
    packed = b"".join(market.to_bytes(2, "big") for market in markets)
    return SETTLE_EXPIRY.pack(StepKind.SETTLE_EXPIRY, expiry, len(markets)) + packed


def continue_register(market: int) -> bytes:
    """Step that goes on with a market's unfinished order."""
    return MARKET_STEP.pack(StepKind.CONTINUE, market)


def continue_bulk(account: int) -> bytes:
    """Step that goes on with an account's unfinished envelope."""
    return ACCOUNT_STEP.pack(StepKind.CONTINUE_BULK, account)


def trigger(market: int) -> bytes:
    """Step that fires the first crossed trigger of a market."""
    return MARKET_STEP.pack(StepKind.TRIGGER, market)


def cancel_due(account: int) -> bytes:
    """Step that kills the orders of an account whose scheduled cancel-all has come."""
    return ACCOUNT_STEP.pack(StepKind.CANCEL_DUE, account)


def sweep(market: int, slots: list[int]) -> bytes:
    """Step that takes up to eight dead orders out of a market."""
    return SWEEP.pack(StepKind.SWEEP, market, len(slots)) + b"".join(slot.to_bytes(4, "big") for slot in slots)


def settle_positions(market: int, accounts: list[int]) -> bytes:
    """Step that pays out up to eight positions of an expired market."""
    packed = b"".join(account.to_bytes(4, "big") for account in accounts)
    return SETTLE_POSITIONS.pack(StepKind.SETTLE_POSITIONS, market, len(accounts)) + packed


def execute_operation(operation: int) -> bytes:
    """Step that carries out an operation whose time has come."""
    return OPERATION_STEP.pack(StepKind.EXECUTE_OPERATION, operation)


def liquidate(account: int, market: int) -> bytes:
    """Step that liquidates an account in a market."""
    return LIQUIDATE.pack(StepKind.LIQUIDATE, account, market)


def backstop(account: int, market: int) -> bytes:
    """Step that lets the backstop take an account's position over."""
    return LIQUIDATE.pack(StepKind.BACKSTOP, account, market)


def unwind(market: int) -> bytes:
    """Step that sells what the backstop holds in a market into the book."""
    return MARKET_STEP.pack(StepKind.UNWIND, market)


def deleverage(account: int, market: int) -> bytes:
    """Step that closes a bankrupt account's position against the other side of its market."""
    return LIQUIDATE.pack(StepKind.DELEVERAGE, account, market)


def settle_deleveraging(account: int) -> bytes:
    """Step that closes what an account has to give up."""
    return ACCOUNT_STEP.pack(StepKind.SETTLE_DELEVERAGING, account)


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


if ITEM.size != ENVELOPE_ITEM_SIZE:
    raise ValueError("an envelope keeps its items as they came")
