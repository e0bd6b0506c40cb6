"""SetKey, SetFlags and SetProtection: who may sign for an account, and how its orders behave."""

from __future__ import annotations

from copy import copy
from typing import Final

from exchange.engine import margin, steps
from exchange.engine.authorisation import OWNER_ONLY, TRADE, authorise, consume_nonce
from exchange.engine.events import Event, FlagsSet, KeySet, ProtectionSet
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import AccountFlag, Protection, Scope, SessionKey
from exchange.state.limits import SESSION_KEYS
from exchange.state.state import State

# Plain integers: the complement of a flag leaves out bits that have no name.
_ALL_SCOPES: Final = int(Scope.TRADE | Scope.CANCEL | Scope.WITHDRAW | Scope.TRANSFER)
_SELF_TRADE: Final = int(AccountFlag.SELF_TRADE)
_PORTFOLIO: Final = int(AccountFlag.PORTFOLIO_MARGIN)
_LAST_KEY: Final = (1 << 16) - 1


def set_key(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Add a session key, change what it may do, or with no scope remove it; only the owner's key signs this.

    Each time it gets a new id, which every signature names: what it signed before is worth nothing afterwards.
    Raises Rejected with nothing changed.
    """
    spec = steps.SET_KEY
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, address, scope, until, nonce, expiry = fields
    account, holder = authorise(
        state, signatures, account_id, key, OWNER_ONLY, nonce, expiry, spec.hash(*fields), r, s, v
    )
    others = [held for held in account.keys if held.address != address]
    if scope & ~_ALL_SCOPES:
        raise Rejected(Reason.MALFORMED)
    if not any(address) or address == account.owner or (not scope and len(others) == len(account.keys)):
        raise Rejected(Reason.KEY_TAKEN)
    if scope and until <= state.header.clock:
        raise Rejected(Reason.TIME_NOT_AHEAD)
    if scope and (len(others) >= SESSION_KEYS or account.last_key >= _LAST_KEY):
        raise Rejected(Reason.KEYS_FULL)
    consume_nonce(holder, nonce)
    state.dirty_accounts.add(account_id)
    account.keys = others
    if not scope:
        return [KeySet(account_id, 0, address, 0, 0)]
    account.last_key += 1
    account.keys = [*others, SessionKey(account.last_key, address, scope, until)]
    return [KeySet(account_id, account.last_key, address, scope, until)]


def set_flags(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Choose what happens where orders of one owner meet, and the kind of margin, which must be met then."""
    spec = steps.SET_FLAGS
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, flags, nonce, expiry = fields
    account, holder = authorise(
        state, signatures, account_id, key, OWNER_ONLY, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if flags & ~(_SELF_TRADE | _PORTFOLIO):
        raise Rejected(Reason.MALFORMED)
    if (flags ^ account.flags) & _PORTFOLIO and account.positions:
        changed = copy(account)
        changed.flags = flags
        margin.require_standing(state, account_id, changed)
    consume_nonce(holder, nonce)
    state.dirty_accounts.add(account_id)
    account.flags = flags
    return [FlagsSet(account_id, account.flags)]


def set_protection(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Arm market-maker protection anew, or with a limit of 0 take it off; while a freeze runs it stays as it is."""
    spec = steps.SET_PROTECTION
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, limit, window, freeze, nonce, expiry = fields
    account, holder = authorise(state, signatures, account_id, key, TRADE, nonce, expiry, spec.hash(*fields), r, s, v)
    held = account.protection
    if held is not None and held.frozen_until > state.header.clock:
        raise Rejected(Reason.PROTECTION_FROZEN)
    if limit and not window:
        raise Rejected(Reason.MALFORMED)
    consume_nonce(holder, nonce)
    state.dirty_accounts.add(account_id)
    account.protection = Protection(limit, window, freeze) if limit else None
    return [ProtectionSet(account_id, limit, window, freeze)]
