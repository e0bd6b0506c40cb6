"""Withdraw: an amount leaves the account and becomes a leaf that the outbox pays once its batch is final."""

from __future__ import annotations

from exchange.engine import margin, steps
from exchange.engine.authorisation import WITHDRAW, authorise, consume_nonce
from exchange.engine.equity import note_cash_taken
from exchange.engine.events import Event
from exchange.engine.fund import note_fund_paid, require_fund_open
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.engine.waiting_queue import require_inventory, write_withdrawal
from exchange.state.asset import AssetKind
from exchange.state.limits import AMOUNT_LIMIT, WITHDRAWAL_LIMIT
from exchange.state.state import State


def withdraw(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Queue a withdrawal of cash or collateral, within balance, inventory and transfer margin.

    Raises Rejected with nothing changed.
    """
    spec = steps.WITHDRAW
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, asset_id, amount_high, amount_low, recipient, nonce, expiry = fields
    amount = amount_high << 64 | amount_low
    account, holder = authorise(
        state, signatures, account_id, key, WITHDRAW, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if asset_id >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    asset = state.assets[asset_id]
    if not 0 < amount < AMOUNT_LIMIT:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if not any(recipient):
        raise Rejected(Reason.INVALID_RECIPIENT)
    is_cash = asset.kind == AssetKind.CASH
    held = account.cash if is_cash else account.collateral.get(asset_id, 0)
    if amount > held:
        raise Rejected(Reason.INSUFFICIENT_BALANCE)
    require_inventory(state, asset_id, amount)
    require_fund_open(state, account_id, held, amount)
    margin.require_transfer(state, account_id, asset, asset_id, amount)
    if state.header.withdrawal_count >= WITHDRAWAL_LIMIT:
        raise Rejected(Reason.WITHDRAWALS_EXHAUSTED)

    # Nothing below can fail.
    consume_nonce(holder, nonce)
    note_fund_paid(state, account_id)
    if is_cash:
        note_cash_taken(state, account, asset, amount)
        account.cash -= amount
    elif amount == held:
        del account.collateral[asset_id]
    else:
        account.collateral[asset_id] = held - amount
    asset.inventory -= amount
    state.dirty_accounts.add(account_id)
    state.dirty_assets.add(asset_id)
    return [write_withdrawal(state, account_id, asset_id, amount, recipient)]
