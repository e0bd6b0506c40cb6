"""Hash locks: cash set aside for a payee who shows the preimage before the deadline, else given back from it on.

A lock is nobody's equity. It counts for no margin, no liquidation and no cancel touches it, and it ends exactly once.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from exchange.engine import margin, steps
from exchange.engine.authorisation import WITHDRAW, authorise, consume_nonce
from exchange.engine.balance_events import CashLocked, LockClaimed, LockRefunded
from exchange.engine.events import Event
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import MAIN_MASK
from exchange.state.asset import NO_UNDERLYING, Asset, AssetKind
from exchange.state.hash_use import REVEALED, use_key
from exchange.state.limits import AMOUNT_LIMIT, LOCK_LIMIT
from exchange.state.lock import Lock, LockStatus
from exchange.state.state import State

PREIMAGE_BYTES: Final = 32
"""On every leg of a swap; what another leg takes and this one does not would let one party claim alone."""

_CASH: Final = Asset(0, bytes(20), AssetKind.CASH, 6, NO_UNDERLYING, 0)
"""Cash of no chain in particular, for the rule of what may leave an account."""
_NO_ASSET: Final = -1


def require_free_cash(state: State, account_id: int, amount: int) -> None:
    """Check that `amount` could leave an account as a withdrawal of cash does, inventories apart.

    Raises Rejected(AmountOutOfRange, InsufficientBalance, NoMark, StaleMark, InsufficientMargin).
    """
    if not 0 < amount < AMOUNT_LIMIT:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if amount > state.accounts[account_id].cash:
        raise Rejected(Reason.INSUFFICIENT_BALANCE)
    margin.require_transfer(state, account_id, _CASH, _NO_ASSET, amount)


def lock_cash(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Set cash aside under a hash. Raises Rejected with nothing changed."""
    spec = steps.LOCK_CASH
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, payee, amount_high, amount_low, digest, deadline, nonce, expiry = fields
    amount = amount_high << 64 | amount_low
    account, holder = authorise(
        state, signatures, account_id, key, WITHDRAW, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if not account_id & MAIN_MASK:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    if not payee or payee not in state.accounts or payee == account_id:
        raise Rejected(Reason.INVALID_PAYEE)
    if not any(digest):
        raise Rejected(Reason.INVALID_HASH)
    if not state.config.lock_seconds_min <= deadline - state.header.clock <= state.config.lock_seconds_max:
        raise Rejected(Reason.DEADLINE_OUT_OF_RANGE)
    used = state.hash_index
    if use_key(digest, REVEALED) in used or use_key(digest, account_id) in used:
        raise Rejected(Reason.HASH_USED)
    lock_id = state.header.lock_count
    if lock_id >= LOCK_LIMIT:
        raise Rejected(Reason.LOCKS_EXHAUSTED)
    require_free_cash(state, account_id, amount)

    # Nothing below can fail.
    consume_nonce(holder, nonce)
    account.cash -= amount
    state.locks.append(Lock(account_id, payee, amount, digest, deadline))
    state.header.lock_count = lock_id + 1
    state.add_hash_use(digest, account_id)
    state.dirty_accounts.add(account_id)
    state.dirty_locks.add(lock_id)
    return [CashLocked(lock_id, account_id, payee, amount, digest, deadline)]


def claim_lock(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Pay a lock to its payee before its deadline, whoever shows the preimage. Raises Rejected with nothing changed."""
    if len(step) != steps.CLAIM_LOCK.size:
        raise Rejected(Reason.MALFORMED)
    _, lock_id, preimage = steps.CLAIM_LOCK.unpack(step)
    return [claim(state, lock_id, preimage, state.header.clock)]


def refund_lock(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Give a lock back from its deadline on. Raises Rejected with nothing changed.

    As a step it also needs that nothing can still wait in the forced queue that entered before the deadline: a claim
    made there in time wins, however long the queue is.
    """
    if len(step) != steps.REFUND_LOCK.size:
        raise Rejected(Reason.MALFORMED)
    _, lock_id = steps.REFUND_LOCK.unpack(step)
    lock = _open_lock(state, lock_id)
    if state.header.clock >= lock.deadline:
        require_queue_read(state, lock.deadline)
    return [refund(state, lock_id, state.header.clock)]


def require_queue_read(state: State, time: int) -> None:
    """Check that every forced item that entered the queue before `time` was taken: it is first in, first out."""
    if state.header.queue_time < time:
        raise Rejected(Reason.QUEUE_MAY_HOLD_ITEMS)


def claim(state: State, lock_id: int, preimage: bytes, time: int) -> Event:
    """Pay a lock to its payee, judged at `time` in seconds. Raises Rejected with nothing changed."""
    lock = _open_lock(state, lock_id)
    if len(preimage) != PREIMAGE_BYTES or sha256(preimage).digest() != lock.hash:
        raise Rejected(Reason.WRONG_PREIMAGE)
    if time >= lock.deadline:
        raise Rejected(Reason.DEADLINE_PASSED)
    _end(state, lock_id, lock, LockStatus.CLAIMED, lock.payee)
    if use_key(lock.hash, REVEALED) not in state.hash_index:
        state.add_hash_use(lock.hash, REVEALED)
    return LockClaimed(lock_id, lock.payee, lock.amount, preimage)


def refund(state: State, lock_id: int, time: int) -> Event:
    """Give a lock back to its locker, judged at `time` in seconds. Raises Rejected with nothing changed."""
    lock = _open_lock(state, lock_id)
    if time < lock.deadline:
        raise Rejected(Reason.DEADLINE_NOT_REACHED)
    _end(state, lock_id, lock, LockStatus.REFUNDED, lock.account)
    return LockRefunded(lock_id, lock.account, lock.amount)


def _open_lock(state: State, lock_id: int) -> Lock:
    if lock_id >= len(state.locks):
        raise Rejected(Reason.LOCK_UNKNOWN)
    lock = state.locks[lock_id]
    if lock.status != LockStatus.OPEN:
        raise Rejected(Reason.LOCK_CLOSED)
    return lock


def _end(state: State, lock_id: int, lock: Lock, status: LockStatus, receiver: int) -> None:
    lock.status = status
    state.accounts[receiver].cash += lock.amount
    state.dirty_accounts.add(receiver)
    state.dirty_locks.add(lock_id)
