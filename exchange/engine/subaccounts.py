"""OpenSubAccount and Transfer: several accounts of one owner, each with its own balances, margin and nonces."""

from __future__ import annotations

from exchange.engine import margin, steps
from exchange.engine.authorisation import OWNER_ONLY, TRANSFER, authorise, consume_nonce
from exchange.engine.balance_events import SubAccountOpened, Transferred
from exchange.engine.deleveraging import open_vault, vault
from exchange.engine.events import Event
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import BACKSTOP, MAIN_BITS, MAIN_MASK, Account
from exchange.state.asset import AssetKind
from exchange.state.limits import AMOUNT_LIMIT, SUB_ACCOUNTS
from exchange.state.state import State


def open_sub_account(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Open a sub-account of a main account, empty. Raises Rejected with nothing changed."""
    spec = steps.OPEN_SUB_ACCOUNT
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, number, nonce, expiry = fields
    account, holder = authorise(
        state, signatures, account_id, key, OWNER_ONLY, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if not 0 < account_id <= MAIN_MASK or not 0 < number <= SUB_ACCOUNTS:
        raise Rejected(Reason.SUB_ACCOUNT_INVALID)
    sub_id = number << MAIN_BITS | account_id
    if sub_id in state.accounts:
        raise Rejected(Reason.SUB_ACCOUNT_EXISTS)
    consume_nonce(holder, nonce)
    state.accounts[sub_id] = Account(account.owner)
    state.dirty_accounts.update((account_id, sub_id))
    return [SubAccountOpened(sub_id, account.owner)]


def transfer(state: State, step: bytes, signatures: Signatures) -> list[Event]:  # noqa: C901
    """Move cash or collateral between accounts of one owner, as far as it could be withdrawn.

    Raises Rejected with nothing changed.
    """
    spec = steps.TRANSFER
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, to, asset_id, amount_high, amount_low, nonce, expiry = fields
    amount = amount_high << 64 | amount_low
    account, holder = authorise(
        state, signatures, account_id, key, TRANSFER, nonce, expiry, spec.hash(*fields), r, s, v
    )
    receiver = state.accounts.get(to)
    if receiver is None and (account_id, to) == (0, BACKSTOP):
        receiver = vault(state)
    if receiver is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    if to == account_id or (to ^ account_id) & MAIN_MASK:
        raise Rejected(Reason.NOT_OF_ONE_OWNER)
    if asset_id >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    asset = state.assets[asset_id]
    is_cash = asset.kind == AssetKind.CASH
    if not 0 < amount < AMOUNT_LIMIT:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if amount > (account.cash if is_cash else account.collateral.get(asset_id, 0)):
        raise Rejected(Reason.INSUFFICIENT_BALANCE)
    margin.require_transfer(state, account_id, asset, asset_id, amount)
    consume_nonce(holder, nonce)
    if to == BACKSTOP:
        receiver = open_vault(state)
    if is_cash:
        account.cash -= amount
        receiver.cash += amount
    else:
        account.collateral[asset_id] -= amount
        if not account.collateral[asset_id]:
            del account.collateral[asset_id]
        receiver.collateral[asset_id] = receiver.collateral.get(asset_id, 0) + amount
    state.dirty_accounts.update((account_id, to))
    return [Transferred(account_id, to, asset_id, amount)]
