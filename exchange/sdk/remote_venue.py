"""The exchange at an address, as a trader's port: `AsyncTrader` and `Trader` work over it unchanged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

from exchange.engine import (
    Balances,
    Depth,
    LockReport,
    MarginReport,
    OpenOrder,
    PositionReport,
    RebalanceOffer,
    Simulation,
)
from exchange.sdk.venue_client import VenueClient
from exchange.sequencer import Confirmation
from exchange.state.config import Domain
from exchange.state.reservation import Reservation
from exchange.state.waiting import Waiting

T = TypeVar("T")


class RemoteVenue:
    """A `Venue` over HTTP; each question waits in a thread, so that the event loop goes on."""

    def __init__(self, client: VenueClient) -> None:
        self._client = client

    @property
    def domain(self) -> Domain:
        """See Venue."""
        return self._client.domain

    def now(self) -> int:
        """See Venue."""
        return self._client.now()

    async def submit(self, step: bytes) -> Confirmation:
        """See Venue."""
        return await asyncio.to_thread(self._client.submit, step)

    async def account_of(self, owner: bytes) -> int:
        """See Venue."""
        return await self._ask("account", int, owner=owner)

    async def balances(self, account: int) -> tuple[Balances, MarginReport]:
        """See Venue."""
        return await self._ask("balances", tuple[Balances, MarginReport], account=account)

    async def simulate(self, account: int, step: bytes) -> Simulation:
        """See Venue."""
        return await self._ask("simulate", Simulation, account=account, step=step)

    async def simulate_prices(self, account: int, prices: Mapping[int, int]) -> Simulation:
        """See Venue."""
        return await self._ask("simulate_prices", Simulation, account=account, prices=dict(prices))

    async def positions(self, account: int) -> list[PositionReport]:
        """See Venue."""
        return await self._ask("positions", list[PositionReport], account=account)

    async def mark_price(self, market: int) -> int:
        """See Venue."""
        return await self._ask("mark_price", int, market=market)

    async def depth(self, market: int, levels: int) -> Depth:
        """See Venue."""
        return await self._ask("depth", Depth, market=market, levels=levels)

    async def orders(self, account: int, market: int | None) -> list[OpenOrder]:
        """See Venue."""
        return await self._ask("orders", list[OpenOrder], account=account, market=market)

    async def lock(self, lock: int) -> LockReport:
        """See Venue."""
        return await self._ask("lock", LockReport, lock=lock)

    async def locks(self, account: int) -> list[LockReport]:
        """See Venue."""
        return await self._ask("locks", list[LockReport], account=account)

    async def rebalance_offers(self) -> list[RebalanceOffer]:
        """See Venue."""
        return await self._ask("rebalance_offers", list[RebalanceOffer])

    async def reservation(self, account: int) -> Reservation | None:
        """See Venue."""
        return await self._ask("reservation", Reservation | None, account=account)  # type: ignore[arg-type]

    async def waiting(self, waiting: int) -> Waiting:
        """See Venue."""
        return await self._ask("waiting", Waiting, waiting=waiting)

    async def waiting_of(self, account: int) -> list[tuple[int, Waiting]]:
        """See Venue."""
        return await self._ask("waiting_of", list[tuple[int, Waiting]], account=account)

    async def credited_items(self) -> int:
        """See Venue."""
        return await self._ask("credited_items", int)

    async def is_posted(self, withdrawal_id: int) -> bool:
        """See Venue."""
        return await self._ask("is_posted", bool, withdrawal=withdrawal_id)

    async def _ask(self, question: str, kind: type[T], **parameters: Any) -> T:
        return await asyncio.to_thread(self._client.ask, question, kind, **parameters)
