"""Market-maker protection: too much filled in too short a time kills every order of the maker."""

from __future__ import annotations

from exchange.engine.events import Event, ProtectionTripped
from exchange.state.account import Account
from exchange.state.limits import OWN_EPOCH_LIMIT


def note_fill(account_id: int, account: Account, cash: int, clock: int, events: list[Event]) -> None:
    """Count a maker's fill in the window it falls in; past the limit all its orders die, this one's rest included.

    A window starts with the first fill after the last one ended.
    """
    protection = account.protection
    if protection is None:
        return
    if clock >= protection.window_start + protection.window:
        protection.window_start = clock
        protection.used = 0
    protection.used = min(protection.used + cash, (1 << 64) - 1)
    if protection.used <= protection.limit or account.order_epoch >= OWN_EPOCH_LIMIT:
        return
    protection.used = 0
    protection.frozen_until = clock + protection.freeze
    account.kill_orders()
    events.append(ProtectionTripped(account_id, account.order_epoch, protection.frozen_until))


def is_frozen(account: Account, clock: int) -> bool:
    """Whether no order of the account may rest now."""
    return account.protection is not None and account.protection.frozen_until > clock
