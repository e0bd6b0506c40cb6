"""The trader's questions about what would happen, answered by the engine on copies; nothing is sent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Required, TypedDict, Unpack

from exchange.engine import Simulation
from exchange.sdk import views
from exchange.sdk.amounts import PRICE_BITS, PRICE_DECIMALS, Amount, to_base_units
from exchange.sdk.catalogue import AssetSpec
from exchange.sdk.handles import Blocking
from exchange.sdk.orders import SignedOrder
from exchange.sdk.owned_account import OwnedAccount
from exchange.sdk.results import OrderType, Side, Simulated, TimeInForce, WhenShort


class OrderFields(TypedDict, total=False):
    """Arguments of `create_order`."""

    market: Required[str]
    side: Required[Side | str]
    type: OrderType | str
    amount: Required[Amount]
    price: Amount | None
    slippage: Amount
    time_in_force: TimeInForce | str
    client_id: int | None
    expires_in_seconds: int
    valid_for_seconds: int | None
    reduce_only: bool
    display: Amount | None
    trigger_price: Amount | None


class WithdrawalFields(TypedDict, total=False):
    """Arguments of `withdraw`."""

    chain: Required[str]
    asset: Required[str]
    amount: Required[Amount]
    recipient: str | None
    when_short: WhenShort | str


class AsyncSimulationVerbs(OwnedAccount):
    """What an order, a withdrawal or a move of prices would do to this account, before it happens."""

    @abstractmethod
    async def _order_step(self, **order: Unpack[OrderFields]) -> SignedOrder:
        """`create_order` up to the signature."""

    @abstractmethod
    async def _withdrawal_step(
        self, chain: str, asset: str, amount: Amount, recipient: str | None
    ) -> tuple[AssetSpec, int, bytes]:
        """`withdraw` up to the signature: the asset, base units, the step."""

    async def simulate_order(self, **order: Unpack[OrderFields]) -> Simulated:
        """What `create_order` with the same arguments would do now: fills, margin before and after, or why not.

        By the exchange's own code on the present book. Raises Rejected where `create_order` would not even send it.
        """
        signed = await self._order_step(**order)
        found = await self._venue.simulate(signed.account, signed.step)
        return views.simulated(self._catalogue, found, signed.result(sequence=0, events=found.events))

    async def simulate_withdrawal(self, **withdrawal: Unpack[WithdrawalFields]) -> Simulated:
        """What `withdraw` with the same arguments would do now; whether the vault can pay at once is in the reason."""
        chain, asset, amount = (withdrawal["chain"], withdrawal["asset"], withdrawal["amount"])
        _, _, step = await self._withdrawal_step(chain, asset, amount, withdrawal.get("recipient"))
        return self._simulated(await self._venue.simulate(await self.account(), step))

    async def simulate_prices(self, prices: Mapping[str, Amount]) -> Simulated:
        """What index prices in USD, by underlying, would make of the margin; bands and stops of the oracle apart."""
        moved = {
            self._catalogue.underlying(name): to_base_units(
                price, decimals=PRICE_DECIMALS, bits=PRICE_BITS, what=f"price of {name}"
            )
            for name, price in prices.items()
        }
        return self._simulated(await self._venue.simulate_prices(await self.account(), moved))

    def _simulated(self, found: Simulation) -> Simulated:
        return views.simulated(self._catalogue, found)


class SimulationVerbs:
    """The same verbs, synchronously."""

    _inner: Any
    _run: Blocking

    def simulate_order(self, **order: Unpack[OrderFields]) -> Simulated:
        """See `AsyncSimulationVerbs.simulate_order`."""
        result: Simulated = self._run(self._inner.simulate_order(**order))
        return result

    def simulate_withdrawal(self, **withdrawal: Unpack[WithdrawalFields]) -> Simulated:
        """See `AsyncSimulationVerbs.simulate_withdrawal`."""
        result: Simulated = self._run(self._inner.simulate_withdrawal(**withdrawal))
        return result

    def simulate_prices(self, prices: Mapping[str, Amount]) -> Simulated:
        """See `AsyncSimulationVerbs.simulate_prices`."""
        result: Simulated = self._run(self._inner.simulate_prices(prices))
        return result
