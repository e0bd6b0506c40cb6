"""When the insurance fund and the backstop may pay their owner: not after a loss, not much, not often."""

from __future__ import annotations

from typing import Final

from exchange.engine.reasons import Reason, Rejected
from exchange.state.account import MAIN_MASK
from exchange.state.state import State

FUND_SECONDS: Final = 7 * 86_400
"""Between two payments to the owner, and after the last loss the venue bore."""

FUND_SHARE: Final = 10
"""One payment takes at most a tenth of what is there."""


def note_loss(state: State) -> None:
    """An account was worth less than nothing: the fund stays shut for a while."""
    state.header.loss_at = state.header.clock


def require_fund_open(state: State, account_id: int, held: int, amount: int) -> None:
    """Check that an amount may leave the fund or the backstop for good; others are not concerned.

    Whoever knows an account under water has a week to show it: liquidating, covering or deleveraging it shuts the fund.
    Raises Rejected(FundShut).
    """
    if account_id & MAIN_MASK:
        return
    header = state.header
    if header.clock < max(header.loss_at, header.fund_paid_at) + FUND_SECONDS or amount * FUND_SHARE > held:
        raise Rejected(Reason.FUND_SHUT)


def note_fund_paid(state: State, account_id: int) -> None:
    """Start the wait until the next payment."""
    if not account_id & MAIN_MASK:
        state.header.fund_paid_at = state.header.clock
