"""Who may do what once: account, expiry, nonce window and signature of a signed step."""

from __future__ import annotations

from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account
from exchange.state.hashing import keccak256
from exchange.state.limits import NONCE_LEAD_SECONDS
from exchange.state.state import State

_WINDOW_BITS = 256
_WINDOW_MASK = (1 << _WINDOW_BITS) - 1


def authorise(  # noqa: PLR0913, PLR0917
    state: State,
    signatures: Signatures,
    account_id: int,
    key: int,
    nonce: int,
    expiry: int,
    struct_hash: bytes,
    r: bytes,
    s: bytes,
    v: int,
) -> Account:
    """Return the account of a validly signed step; changes nothing. Raises Rejected."""
    accounts = state.accounts
    if account_id >= len(accounts):
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    account = accounts[account_id]
    if key:
        raise Rejected(Reason.KEY_UNKNOWN)
    clock = state.header.clock
    if expiry <= clock:
        raise Rejected(Reason.EXPIRED)
    behind = account.nonce_high - nonce
    if behind >= 0 and (nonce == 0 or behind >= _WINDOW_BITS or account.nonce_window >> behind & 1):
        raise Rejected(Reason.NONCE_USED)
    if nonce > (clock + NONCE_LEAD_SECONDS) * 1000:
        raise Rejected(Reason.NONCE_TOO_FAR_AHEAD)
    if signatures.recover(keccak256(state.domain_prefix + struct_hash), r, s, v) != account.owner:
        raise Rejected(Reason.BAD_SIGNATURE)
    return account


def consume_nonce(account: Account, nonce: int) -> None:
    """Mark a fresh nonce as used."""
    ahead = nonce - account.nonce_high
    if ahead <= 0:
        account.nonce_window |= 1 << -ahead
        return
    account.nonce_high = nonce
    account.nonce_window = (account.nonce_window << ahead | 1) & _WINDOW_MASK if ahead < _WINDOW_BITS else 1
