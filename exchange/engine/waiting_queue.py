"""Withdrawals that wait for a vault's inventory: first come, first served, and nothing overtakes.

Waiting costs a fee at the start. The fees of an asset are its pool, which pays rebates to who brings inventory.
"""

from __future__ import annotations

from exchange.engine import steps
from exchange.engine.authorisation import WITHDRAW, authorise, consume_nonce
from exchange.engine.balance_events import QueueLeft, WithdrawalQueued, WithdrawalWaiting
from exchange.engine.events import Event
from exchange.engine.locks import require_free_cash
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import mul_div_up
from exchange.engine.signatures import Signatures
from exchange.state.account import MAIN_MASK
from exchange.state.asset import Asset, AssetKind
from exchange.state.limits import (
    FACTOR_ONE,
    SERVED_PER_STEP,
    WAITING_LIMIT,
    WITHDRAWAL_LIMIT,
)
from exchange.state.shortage import Shortage
from exchange.state.state import State
from exchange.state.waiting import Waiting
from exchange.state.withdrawal import Withdrawal


def cash_asset(state: State, asset_id: int) -> Asset:
    """The cash asset of an id. Raises Rejected(AssetUnknown, NotCash)."""
    if asset_id >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    asset = state.assets[asset_id]
    if asset.kind != AssetKind.CASH:
        raise Rejected(Reason.NOT_CASH)
    return asset


def has_queue(state: State, asset_id: int) -> bool:
    """Whether somebody waits for an asset."""
    shortage = state.shortages.get(asset_id)
    return shortage is not None and shortage.head != 0


def require_inventory(state: State, asset_id: int, amount: int) -> None:
    """Check that an amount may leave an asset's inventory now. Raises Rejected(WithdrawalsQueued, Insufficient...)."""
    if has_queue(state, asset_id):
        raise Rejected(Reason.WITHDRAWALS_QUEUED)
    if amount > state.assets[asset_id].inventory:
        raise Rejected(Reason.INSUFFICIENT_INVENTORY)


def queue_withdrawal(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Take a withdrawal of cash out of the account and let it wait for its asset. Raises Rejected, nothing changed."""
    spec = steps.QUEUE_WITHDRAWAL
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, asset_id, amount_high, amount_low, recipient, nonce, expiry = fields
    amount = amount_high << 64 | amount_low
    account, holder = authorise(
        state, signatures, account_id, key, WITHDRAW, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if not account_id & MAIN_MASK:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    asset = cash_asset(state, asset_id)
    if amount < state.config.waiting_min:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if not any(recipient):
        raise Rejected(Reason.INVALID_RECIPIENT)
    if not has_queue(state, asset_id) and amount <= asset.inventory:
        raise Rejected(Reason.INVENTORY_SUFFICES)
    waiting_id = state.header.waiting_count
    if waiting_id >= WAITING_LIMIT:
        raise Rejected(Reason.WAITING_EXHAUSTED)
    require_free_cash(state, account_id, amount)

    # Nothing below can fail.
    consume_nonce(holder, nonce)
    fee = mul_div_up(amount, state.config.waiting_fee, FACTOR_ONE)
    account.cash -= amount
    shortage = state.shortages.setdefault(asset_id, Shortage())
    shortage.waiting += amount - fee
    shortage.pool += fee
    state.waiting.append(Waiting(account_id, asset_id, amount - fee, recipient, state.header.clock))
    if shortage.tail:
        state.waiting[shortage.tail - 1].next = waiting_id + 1
        state.dirty_waiting.add(shortage.tail - 1)
    else:
        shortage.head = waiting_id + 1
    shortage.tail = waiting_id + 1
    state.header.waiting_count = waiting_id + 1
    state.dirty_accounts.add(account_id)
    state.dirty_shortages.add(asset_id)
    state.dirty_waiting.add(waiting_id)
    return [WithdrawalWaiting(waiting_id, account_id, asset_id, amount - fee, fee, recipient)]


def leave_queue(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Give a waiting withdrawal's amount back to its account; the fee stays. Raises Rejected, nothing changed."""
    spec = steps.LEAVE_QUEUE
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, waiting_id, nonce, expiry = fields
    account, holder = authorise(
        state, signatures, account_id, key, WITHDRAW, nonce, expiry, spec.hash(*fields), r, s, v
    )
    entry = state.waiting[waiting_id] if waiting_id < len(state.waiting) else None
    if entry is None or entry.account != account_id or not entry.amount:
        raise Rejected(Reason.WAITING_UNKNOWN)

    # Nothing below can fail.
    consume_nonce(holder, nonce)
    amount, entry.amount = entry.amount, 0
    account.cash += amount
    state.shortages[entry.asset].waiting -= amount
    state.dirty_accounts.add(account_id)
    state.dirty_shortages.add(entry.asset)
    state.dirty_waiting.add(waiting_id)
    return [QueueLeft(waiting_id, account_id, entry.asset, amount), *serve(state, entry.asset)]


def serve_queue(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Pay who waits for an asset from its inventory. Permissionless. Raises Rejected where there is nothing to do."""
    if len(step) != steps.SERVE_QUEUE.size:
        raise Rejected(Reason.MALFORMED)
    _, asset_id = steps.SERVE_QUEUE.unpack(step)
    cash_asset(state, asset_id)
    if not has_queue(state, asset_id) or not _can_serve_first(state, asset_id):
        raise Rejected(Reason.NOTHING_TO_SERVE)
    return serve(state, asset_id)


def serve(state: State, asset_id: int) -> list[Event]:
    """Pay from the front of the queue, whole claims only, at most eight places; what nobody waits for any more ends.

    The pool of an asset for which nobody waits goes to the insurance fund.
    """
    events: list[Event] = []
    shortage = state.shortages[asset_id]
    for _ in range(SERVED_PER_STEP):
        if not shortage.head or not _can_serve_first(state, asset_id):
            break
        waiting_id = shortage.head - 1
        entry = state.waiting[waiting_id]
        shortage.head = entry.next
        state.dirty_shortages.add(asset_id)
        if entry.amount:
            events.append(write_withdrawal(state, entry.account, asset_id, entry.amount, entry.recipient))
            state.assets[asset_id].inventory -= entry.amount
            state.dirty_assets.add(asset_id)
            shortage.waiting -= entry.amount
            entry.amount = 0
            entry.withdrawal = state.header.withdrawal_count
            state.dirty_waiting.add(waiting_id)
    if not shortage.head:
        shortage.tail = 0
        _end_shortage(state, asset_id, shortage)
    return events


def write_withdrawal(state: State, account_id: int, asset_id: int, amount: int, recipient: bytes) -> WithdrawalQueued:
    """Write the withdrawal leaf of an amount that has been taken from wherever it was."""
    asset = state.assets[asset_id]
    withdrawal_id = state.header.withdrawal_count
    leaf = Withdrawal(withdrawal_id, account_id, recipient, asset_id, asset.chain_id, asset.token, amount)
    state.withdrawals.append(leaf)
    state.header.withdrawal_count = withdrawal_id + 1
    state.dirty_withdrawals.add(withdrawal_id)
    return WithdrawalQueued(withdrawal_id, account_id, asset_id, amount, recipient, asset.chain_id, asset.token)


def _can_serve_first(state: State, asset_id: int) -> bool:
    first = state.waiting[state.shortages[asset_id].head - 1]
    if not first.amount:
        return True
    return first.amount <= state.assets[asset_id].inventory and state.header.withdrawal_count < WITHDRAWAL_LIMIT


def _end_shortage(state: State, asset_id: int, shortage: Shortage) -> None:
    if shortage.pool:
        state.accounts[0].cash += shortage.pool
        shortage.pool = 0
        state.dirty_accounts.add(0)
        state.dirty_shortages.add(asset_id)
