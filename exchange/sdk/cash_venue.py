"""What a cash leg needs of the exchange, synchronously, and the sequencer of this process as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from exchange import engine, sequencer
from exchange.engine import LockReport, assess, lock_report
from exchange.engine.views import account_of
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sequencer import Sequenced, Sequencer
from exchange.state.config import Domain
from exchange.state.hash_use import REVEALED, use_key


class CashVenue(Protocol):
    """The operator, as one who locks cash meets it: its word, until a batch is posted."""

    @property
    def domain(self) -> Domain:
        """What steps are signed for."""
        ...

    def now(self) -> int:
        """The exchange's clock in seconds."""
        ...

    def account_of(self, owner: bytes) -> int:
        """Account id of an owner; raises Rejected(AccountUnknown)."""
        ...

    def lock_of(self, digest: bytes, account: int) -> LockReport | None:
        """The lock of an account under a hash; there is one at most."""
        ...

    def is_revealed(self, digest: bytes) -> bool:
        """Whether the preimage of a hash was shown on the exchange."""
        ...

    def free_cash(self, account: int) -> int:
        """What the account could lock now, in 1e-6 USD."""
        ...

    def submit(self, step: bytes) -> object:
        """Have a step executed; raises Rejected or Unavailable."""
        ...


class LocalCashVenue:
    """The sequencer of this process."""

    def __init__(self, inner: Sequencer, now: Callable[[], int]) -> None:
        self._sequencer = inner
        self._now = now
        self._locks: dict[tuple[bytes, int], int] = {}
        self._read = 0
        inner.subscribe(self._hear)

    def _hear(self, notice: Sequenced) -> None:
        """A new cut may number locks anew."""
        if notice.recut is not None:
            self._locks.clear()
            self._read = 0

    @property
    def domain(self) -> Domain:
        """Of the state."""
        return self._sequencer.state.domain

    def now(self) -> int:
        """The later of the clock and the state's."""
        return max(self._now(), self._sequencer.state.header.clock)

    def account_of(self, owner: bytes) -> int:
        """Looks through all accounts."""
        account = account_of(self._sequencer.state, owner)
        if account is None:
            raise Rejected("AccountUnknown", f"0x{owner.hex()} has no account; it opens with its first deposit")
        return account

    def lock_of(self, digest: bytes, account: int) -> LockReport | None:
        """Reads locks made since the last look."""
        locks = self._sequencer.state.locks
        for number in range(self._read, len(locks)):
            self._locks[locks[number].hash, locks[number].account] = number
        self._read = len(locks)
        number = self._locks.get((digest, account), -1)
        return None if number < 0 else lock_report(self._sequencer.state, number)

    def is_revealed(self, digest: bytes) -> bool:
        """From the index of used hashes."""
        return use_key(digest, REVEALED) in self._sequencer.state.hash_index

    def free_cash(self, account: int) -> int:
        """What could be withdrawn, inventories apart; nothing while its margin cannot be read."""
        try:
            return int(assess(self._sequencer.state, account).withdrawable)
        except engine.Rejected:
            return 0

    def submit(self, step: bytes) -> None:
        """Executes a step at once."""
        try:
            self._sequencer.submit(step)
        except engine.Rejected as error:
            raise Rejected(error.reason.value) from error
        except sequencer.Unavailable as error:
            raise Unavailable(error.reason.value) from error
