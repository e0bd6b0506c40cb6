"""What the SDK asks of the exchange, wherever it runs, and the exchange in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from exchange import engine, sequencer
from exchange.engine import Event, depth, open_orders
from exchange.engine.events import WithdrawalQueued
from exchange.engine.margin import MarginReport, assess
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sequencer import Confirmation, Sequencer
from exchange.state.account import Account
from exchange.state.config import Domain
from exchange.state.order import Order

T = TypeVar("T")


class Venue(Protocol):
    """The exchange's side of a conversation. Integers in the protocol's units; raises the SDK's errors."""

    @property
    def domain(self) -> Domain:
        """What steps are signed for."""
        ...

    def now(self) -> int:
        """The venue's clock in seconds."""
        ...

    async def submit(self, step: bytes) -> Confirmation:
        """Has a signed step executed and confirmed."""
        ...

    async def account_of(self, owner: bytes) -> int:
        """Account id of an owner; raises Rejected(AccountUnknown) before its first deposit is credited."""
        ...

    async def account(self, account: int) -> tuple[Account, MarginReport]:
        """An account's leaf and its margin."""
        ...

    async def mark_price(self, market: int) -> int:
        """Mark of the active round in 1e-8 USD; raises Rejected(NoMark)."""
        ...

    async def book(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Bids and asks as (price, size), best first."""
        ...

    async def orders(self, account: int) -> list[tuple[int, int, Order]]:
        """Live resting orders of an account as (market, slot, order)."""
        ...

    async def credited_items(self) -> int:
        """Forced items that are in the state."""
        ...

    async def is_posted(self, withdrawal_id: int) -> bool:
        """Whether the batch with a withdrawal is on the settlement chain."""
        ...


class LocalVenue:
    """The sequencer of this process."""

    def __init__(self, inner: Sequencer, now: Callable[[], int]) -> None:
        self._sequencer = inner
        self._state = inner.state
        self._now = now
        self._owners: dict[bytes, int] = {}
        self.domain = inner.state.domain

    def now(self) -> int:
        """The later of the clock and the state's."""
        return max(self._now(), self._state.header.clock)

    async def submit(self, step: bytes) -> Confirmation:
        """Executes a step at once."""
        try:
            return self._sequencer.submit(step)
        except engine.Rejected as error:
            raise Rejected(error.reason.value) from error
        except sequencer.Unavailable as error:
            raise Unavailable(error.reason.value) from error

    async def account_of(self, owner: bytes) -> int:
        """Looks through accounts opened since the last look."""
        accounts = self._state.accounts
        for number in range(len(self._owners), len(accounts)):
            self._owners[accounts[number].owner] = number
        if owner not in self._owners:
            raise Rejected("AccountUnknown", f"0x{owner.hex()} has no account; it opens with its first deposit")
        return self._owners[owner]

    async def account(self, account: int) -> tuple[Account, MarginReport]:
        """The leaf as it stands; read it, do not keep it."""
        return self._state.accounts[account], self._engine(lambda: assess(self._state, account))

    async def mark_price(self, market: int) -> int:
        """Mark of the active round."""
        pricing = self._state.pricing[market]
        if pricing is None:
            raise Rejected(engine.Reason.NO_MARK.value)
        return pricing.price

    async def book(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Depth of live orders."""
        return depth(self._state, market, levels)

    async def orders(self, account: int) -> list[tuple[int, int, Order]]:
        """Live orders."""
        return open_orders(self._state, account)

    async def credited_items(self) -> int:
        """The header's cursor."""
        return self._state.header.queue_cursor

    async def is_posted(self, withdrawal_id: int) -> bool:
        """Looks through the posted batches."""
        return any(
            proof.withdrawal.id == withdrawal_id
            for index in range(self._sequencer.posted_batches)
            for proof in self._sequencer.withdrawals_in(index)
        )

    @staticmethod
    def _engine(question: Callable[[], T]) -> T:
        try:
            return question()
        except engine.Rejected as error:
            raise Rejected(error.reason.value) from error


def withdrawal_id_of(events: tuple[Event, ...] | list[Event]) -> int:
    """Id of the withdrawal that a step queued."""
    for event in events:
        if isinstance(event, WithdrawalQueued):
            return event.id
    raise Rejected("WithdrawalNotQueued", str(events))
