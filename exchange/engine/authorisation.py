"""Who may do what once: account, key, scope, expiry, nonce window and signature of a signed step."""

from __future__ import annotations

from typing import Final

from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account, Scope, SessionKey
from exchange.state.hashing import keccak256
from exchange.state.limits import NONCE_LEAD_SECONDS
from exchange.state.state import State

_WINDOW_BITS: Final = 256
_WINDOW_MASK: Final = (1 << _WINDOW_BITS) - 1

OWNER_ONLY: Final = 0
TRADE: Final = int(Scope.TRADE)
CANCEL: Final = int(Scope.CANCEL)
WITHDRAW: Final = int(Scope.WITHDRAW)
TRANSFER: Final = int(Scope.TRANSFER)

NonceHolder = Account | SessionKey
"""Whoever signs has a nonce window of its own: the owner's is the account's, each session key has one."""


def authorise(  # noqa: PLR0913, PLR0917
    state: State,
    signatures: Signatures,
    account_id: int,
    key_id: int,
    scope: int,
    nonce: int | None,
    expiry: int,
    struct_hash: bytes,
    r: bytes,
    s: bytes,
    v: int,
) -> tuple[Account, NonceHolder]:
    """Return the account of a validly signed step and whose nonce it uses; changes nothing. Raises Rejected.

    `scope` is what a session key needs; the owner's key may do everything, and alone what needs `OWNER_ONLY`. A step
    that may be repeated has no nonce.
    """
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    clock = state.header.clock
    holder: NonceHolder = account
    address = account.owner
    if key_id:
        holder = _session_key(account, key_id, scope, clock)
        address = holder.address
    if expiry <= clock:
        raise Rejected(Reason.EXPIRED)
    if nonce is not None:
        behind = holder.nonce_high - nonce
        if behind >= 0 and (nonce == 0 or behind >= _WINDOW_BITS or holder.nonce_window >> behind & 1):
            raise Rejected(Reason.NONCE_USED)
        if nonce > (clock + NONCE_LEAD_SECONDS) * 1000:
            raise Rejected(Reason.NONCE_TOO_FAR_AHEAD)
    signer = signatures.recover(keccak256(state.domain_prefix + struct_hash), r, s, v)
    if signer != address:
        raise Rejected(Reason.BAD_SIGNATURE, signer=signer or b"", account=account_id, key=key_id)
    return account, holder


def is_fresh(holder: NonceHolder, nonce: int, clock: int) -> bool:
    """Whether a step with this nonce would be taken."""
    behind = holder.nonce_high - nonce
    if behind >= 0 and (nonce == 0 or behind >= _WINDOW_BITS or holder.nonce_window >> behind & 1):
        return False
    return nonce <= (clock + NONCE_LEAD_SECONDS) * 1000


def consume_nonce(holder: NonceHolder, nonce: int) -> None:
    """Mark a fresh nonce as used."""
    ahead = nonce - holder.nonce_high
    if ahead <= 0:
        holder.nonce_window |= 1 << -ahead
        return
    holder.nonce_high = nonce
    holder.nonce_window = (holder.nonce_window << ahead | 1) & _WINDOW_MASK if ahead < _WINDOW_BITS else 1


def _session_key(account: Account, key_id: int, scope: int, clock: int) -> SessionKey:
    key = account.key(key_id)
    if key is None:
        raise Rejected(Reason.KEY_UNKNOWN)
    if key.expiry <= clock:
        raise Rejected(Reason.KEY_EXPIRED)
    if not scope or scope & ~key.scope:
        raise Rejected(Reason.KEY_OUT_OF_SCOPE)
    return key
