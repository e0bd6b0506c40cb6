"""How many steps an account may have executed: orders and locks cost nothing else and stay in the state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from exchange.engine.steps import StepKind
from exchange.sdk.errors import Unavailable
from exchange.sequencer.kinds import NONCED_KINDS

FREE_KINDS = frozenset((StepKind.CANCEL_ORDER, StepKind.CANCEL_ALL, StepKind.CANCEL_CLIENT, StepKind.WITHDRAW))
"""What lets go of something is never held up."""
KEPT_MAX = 65_536


class AccountRates:
    """A bucket for each account, filled by `per_second` up to `burst`; a step that was executed takes one out.

    What was refused takes nothing out: anybody may send steps that name an account, only its keys' are executed.
    """

    def __init__(self, *, per_second: float, burst: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left: dict[int, tuple[float, float]] = {}

    def require(self, step: bytes) -> None:
        """Raises Unavailable(RateLimited) where the account's bucket is empty."""
        account = _account(step)
        if account is None:
            return
        with self._lock:
            if self._now(account) < 1:
                raise Unavailable("RateLimited", f"account {account} may send {self._per_second:g} a second")

    def executed(self, step: bytes) -> None:
        """Takes one out."""
        account = _account(step)
        if account is None:
            return
        with self._lock:
            self._left[account] = (self._now(account) - 1, self._monotonic())
            if len(self._left) > KEPT_MAX:
                self._left = {known: at for known, at in self._left.items() if self._now(known) < self._burst}

    def _now(self, account: int) -> float:
        left, at = self._left.get(account, (float(self._burst), 0.0))
        return min(float(self._burst), left + (self._monotonic() - at) * self._per_second)


def _account(step: bytes) -> int | None:
    """Whose step it is, where it is one that counts."""
    counts = len(step) >= 5 and step[0] in NONCED_KINDS and step[0] not in FREE_KINDS
    return int.from_bytes(step[1:5], "big") if counts else None
