"""The synchronous face of `AsyncTrader`: the same verbs, each run to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from exchange.sdk.account_verbs import AccountVerbs
from exchange.sdk.amounts import Amount
from exchange.sdk.async_trader import AsyncTrader
from exchange.sdk.claim_verbs import ClaimVerbs
from exchange.sdk.errors import Rejected
from exchange.sdk.handles import Blocking, Handle
from exchange.sdk.order_verbs import OrderVerbs
from exchange.sdk.rebalance_verbs import RebalanceVerbs
from exchange.sdk.results import (
    Balance,
    CashLock,
    OpenOrder,
    OrderBook,
    Position,
    WhenShort,
)
from exchange.sdk.simulation_verbs import SimulationVerbs
from exchange.sdk.swap_verbs import SwapVerbs

T = TypeVar("T")


class OwnLoop:
    """Runs coroutines on an event loop of its own; the loop is made at first use."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def __call__(self, work: Awaitable[T]) -> T:
        """The coroutine's result; raises Rejected(LoopRunning) inside a running event loop."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            _discard(work)
            raise Rejected("LoopRunning", "inside async code use AsyncTrader and AsyncDevnet")
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(_coroutine(work))

    def close(self) -> None:
        """Lets go of the loop."""
        if self._runner is not None:
            self._runner.close()
            self._runner = None


class Trader(OrderVerbs, SimulationVerbs, AccountVerbs, SwapVerbs, RebalanceVerbs, ClaimVerbs):
    """One wallet, synchronously. Arguments, answers and errors are those of `AsyncTrader`."""

    def __init__(self, inner: AsyncTrader, run: Blocking) -> None:
        self._inner: AsyncTrader = inner
        self._run = run
        self.name = inner.name
        self.address = inner.address

    @property
    def account(self) -> int:
        """The exchange's id of this wallet."""
        return self._run(self._inner.account())

    def deposit(self, *, chain: str, asset: str, amount: Amount) -> Handle:
        """See `AsyncTrader.deposit`."""
        return Handle(self._run(self._inner.deposit(chain=chain, asset=asset, amount=amount)), self._run)

    def withdraw(
        self,
        *,
        chain: str,
        asset: str,
        amount: Amount,
        recipient: str | None = None,
        when_short: WhenShort | str = WhenShort.REFUSE,
    ) -> Handle:
        """See `AsyncTrader.withdraw`."""
        work = self._inner.withdraw(chain=chain, asset=asset, amount=amount, recipient=recipient, when_short=when_short)
        return Handle(self._run(work), self._run)

    def lock_cash(self, *, payee: int | str, amount: Amount, hash: bytes, deadline: int) -> CashLock:  # noqa: A002
        """See `AsyncTrader.lock_cash`."""
        return self._run(self._inner.lock_cash(payee=payee, amount=amount, hash=hash, deadline=deadline))

    def claim_lock(self, *, lock_id: int, preimage: bytes) -> CashLock:
        """See `AsyncTrader.claim_lock`."""
        return self._run(self._inner.claim_lock(lock_id=lock_id, preimage=preimage))

    def refund_lock(self, *, lock_id: int) -> CashLock:
        """See `AsyncTrader.refund_lock`."""
        return self._run(self._inner.refund_lock(lock_id=lock_id))

    def fetch_lock(self, *, lock_id: int) -> CashLock:
        """See `AsyncTrader.fetch_lock`."""
        return self._run(self._inner.fetch_lock(lock_id=lock_id))

    def fetch_locks(self) -> tuple[CashLock, ...]:
        """See `AsyncTrader.fetch_locks`."""
        return self._run(self._inner.fetch_locks())

    def fetch_balance(self) -> Balance:
        """See `AsyncTrader.fetch_balance`."""
        return self._run(self._inner.fetch_balance())

    def fetch_positions(self) -> tuple[Position, ...]:
        """See `AsyncTrader.fetch_positions`."""
        return self._run(self._inner.fetch_positions())

    def fetch_order_book(self, *, market: str, levels: int = 10) -> OrderBook:
        """See `AsyncTrader.fetch_order_book`."""
        return self._run(self._inner.fetch_order_book(market=market, levels=levels))

    def fetch_open_orders(self, *, market: str | None = None) -> tuple[OpenOrder, ...]:
        """See `AsyncTrader.fetch_open_orders`."""
        return self._run(self._inner.fetch_open_orders(market=market))


async def _coroutine(work: Awaitable[T]) -> T:
    return await work


def _discard(work: Awaitable[Any]) -> None:
    """A coroutine that will not run is closed, or Python warns about it."""
    close = getattr(work, "close", None)
    if close is not None:
        close()
