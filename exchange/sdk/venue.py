"""What the SDK asks of the exchange, wherever it runs, and the exchange in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from exchange import engine, sequencer
from exchange.engine import (
    SECP256K1,
    Balances,
    Depth,
    Event,
    LockReport,
    MarginReport,
    OpenOrder,
    PositionReport,
    RebalanceOffer,
    Simulation,
    WithdrawalQueued,
    assess,
    balances,
    depth,
    lock_report,
    locks_of,
    open_orders,
    rebalance_offers,
    simulate,
    simulate_prices,
)
from exchange.engine.views import positions
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sequencer import Confirmation, Sequenced, Sequencer
from exchange.state.config import Domain
from exchange.state.reservation import Reservation
from exchange.state.waiting import Waiting

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

    async def simulate(self, account: int, step: bytes) -> Simulation:
        """What a signed step would do if it came now; nothing is sequenced, and no nonce is used."""
        ...

    async def simulate_prices(self, account: int, prices: Mapping[int, int]) -> Simulation:
        """What index prices (1e-8 USD, by underlying) would make of an account's margin."""
        ...

    async def account_of(self, owner: bytes) -> int:
        """Account id of an owner; raises Rejected(AccountUnknown) before its first deposit is credited."""
        ...

    async def balances(self, account: int) -> tuple[Balances, MarginReport]:
        """What an account holds, and its margin."""
        ...

    async def positions(self, account: int) -> list[PositionReport]:
        """Position records of an account."""
        ...

    async def mark_price(self, market: int) -> int:
        """Mark of the active round in 1e-8 USD; raises Rejected(NoMark)."""
        ...

    async def depth(self, market: int, levels: int) -> Depth:
        """The live book, best first."""
        ...

    async def orders(self, account: int, market: int | None) -> list[OpenOrder]:
        """Live resting orders of an account, in one market or in all."""
        ...

    async def lock(self, lock: int) -> LockReport:
        """One hash lock, open or not; raises Rejected(LockUnknown)."""
        ...

    async def locks(self, account: int) -> list[LockReport]:
        """Open hash locks from or for an account."""
        ...

    async def rebalance_offers(self) -> list[RebalanceOffer]:
        """What is short, and what bringing it pays now."""
        ...

    async def reservation(self, account: int) -> Reservation | None:
        """The last reservation of an account."""
        ...

    async def waiting(self, waiting: int) -> Waiting:
        """One waiting withdrawal, served or not; raises Rejected(WaitingUnknown)."""
        ...

    async def waiting_of(self, account: int) -> list[tuple[int, Waiting]]:
        """Ids and leaves of an account's withdrawals that still wait."""
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
        inner.subscribe(self._hear)

    def _hear(self, notice: Sequenced) -> None:
        """A new cut may number accounts anew."""
        if notice.recut is not None:
            self._owners.clear()

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

    async def simulate(self, account: int, step: bytes) -> Simulation:
        """By the engine, on copies of rows."""
        return _engine(lambda: simulate(self._state, account, step, clock=self.now(), signatures=SECP256K1))

    async def simulate_prices(self, account: int, prices: Mapping[int, int]) -> Simulation:
        """By the engine, on copies of rows."""
        return _engine(lambda: simulate_prices(self._state, account, prices))

    async def account_of(self, owner: bytes) -> int:
        """Looks through accounts opened since the last look."""
        accounts = self._state.accounts
        for number in range(len(self._owners), self._state.header.account_count):
            self._owners[accounts[number].owner] = number
        if owner not in self._owners:
            raise Rejected("AccountUnknown", f"0x{owner.hex()} has no account; it opens with its first deposit")
        return self._owners[owner]

    async def balances(self, account: int) -> tuple[Balances, MarginReport]:
        """Assessed in the active rounds."""
        return balances(self._state, account), _engine(lambda: assess(self._state, account))

    async def positions(self, account: int) -> list[PositionReport]:
        """At the active rounds' marks."""
        return positions(self._state, account)

    async def mark_price(self, market: int) -> int:
        """Mark of the active round."""
        pricing = self._state.pricing[market]
        if pricing is None:
            raise Rejected(engine.Reason.NO_MARK.value)
        return pricing.mark

    async def depth(self, market: int, levels: int) -> Depth:
        """Without dead orders."""
        return depth(self._state, market, levels)

    async def orders(self, account: int, market: int | None) -> list[OpenOrder]:
        """Without dead orders."""
        return open_orders(self._state, account, market)

    async def lock(self, lock: int) -> LockReport:
        """From the locks tree."""
        try:
            return lock_report(self._state, lock)
        except IndexError as error:
            raise Rejected(engine.Reason.LOCK_UNKNOWN.value, f"lock {lock}") from error

    async def locks(self, account: int) -> list[LockReport]:
        """Looks through all locks."""
        return locks_of(self._state, account)

    async def rebalance_offers(self) -> list[RebalanceOffer]:
        """As of the state's clock."""
        return rebalance_offers(self._state)

    async def reservation(self, account: int) -> Reservation | None:
        """From the reservations tree."""
        return self._state.reservations.get(account)

    async def waiting(self, waiting: int) -> Waiting:
        """From the tree of waiting withdrawals."""
        if not 0 <= waiting < len(self._state.waiting):
            raise Rejected(engine.Reason.WAITING_UNKNOWN.value, f"waiting {waiting}")
        return self._state.waiting[waiting]

    async def waiting_of(self, account: int) -> list[tuple[int, Waiting]]:
        """Looks through all waiting withdrawals."""
        return [
            (waiting, leaf)
            for waiting, leaf in enumerate(self._state.waiting)
            if leaf.account == account and leaf.amount
        ]

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


def withdrawal_id_of(events: tuple[Event, ...] | list[Event]) -> int:
    """Id of the withdrawal that a step queued."""
    for event in events:
        if isinstance(event, WithdrawalQueued):
            return event.id
    raise Rejected("WithdrawalNotQueued", str(events))


def _engine(question: Callable[[], T]) -> T:
    try:
        return question()
    except engine.Rejected as error:
        raise Rejected(error.reason.value) from error
