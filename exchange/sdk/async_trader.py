"""The trader: ccxt's verbs over the venue and the chains. Everything is keyword-only and exact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from exchange.engine.reasons import Reason
from exchange.engine.signing import Signer, sign_withdraw
from exchange.sdk import views
from exchange.sdk.account_verbs import AsyncAccountVerbs
from exchange.sdk.addresses import address_of
from exchange.sdk.amounts import Amount, to_base_units
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.claim_verbs import AsyncClaimVerbs
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.handles import WITHDRAWAL_STAGES, AsyncHandle, Transfer
from exchange.sdk.locking import CashLocks
from exchange.sdk.order_verbs import AsyncOrderVerbs
from exchange.sdk.rebalance_verbs import AsyncRebalanceVerbs
from exchange.sdk.results import (
    Balance,
    CashLock,
    OpenOrder,
    OrderBook,
    Position,
    WhenShort,
)
from exchange.sdk.simulation_verbs import AsyncSimulationVerbs
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_verbs import AsyncSwapVerbs
from exchange.sdk.venue import Venue, withdrawal_id_of
from exchange.sdk.words import word
from exchange.state.account import MAIN_BITS

STEP_SECONDS = 120
"""Default lifetime of a signed cancel or withdrawal that the sequencer does not take at once."""

_SHORT = frozenset({Reason.INSUFFICIENT_INVENTORY.value, Reason.WITHDRAWALS_QUEUED.value})


class AsyncTrader(
    AsyncOrderVerbs, AsyncSimulationVerbs, AsyncAccountVerbs, AsyncSwapVerbs, AsyncRebalanceVerbs, AsyncClaimVerbs
):
    """One wallet: the same key on every chain and on the exchange.

    `advance` moves the world on by one step for handles that wait; in a devnet it mines, in production it sleeps.
    Raises Rejected where the request is wrong and Unavailable where it may be tried again.
    """

    def __init__(  # noqa: PLR0913 - what it speaks to, each injected
        self,
        *,
        name: str,
        wallet: LocalAccount,
        venue: Venue,
        gateway: Gateway,
        catalogue: Catalogue,
        advance: Callable[[], Awaitable[Any]],
        swaps: SwapDesk | None = None,
    ) -> None:
        self.name = name
        self.address: str = wallet.address
        self._wallet = wallet
        self._signer = Signer(bytes(wallet.key))
        self._venue = venue
        self._gateway = gateway
        self._catalogue = catalogue
        self._advance = advance
        self._swaps = swaps
        self._last_nonce = 0
        self._sub_account = 0
        self.use_owner_key()
        self._locks = CashLocks(self._signer, venue, self._nonce)

    async def account(self) -> int:
        """The exchange's id of this wallet; raises Rejected(AccountUnknown) before the first deposit is credited."""
        main = await self._venue.account_of(to_canonical_address(self.address))
        return self._sub_account << MAIN_BITS | main

    def _owner_signer(self) -> Signer:
        return self._signer

    # Between chains and exchange

    async def deposit(self, *, chain: str, asset: str, amount: Amount) -> AsyncHandle:
        """Locks tokens or ether in the vault on `chain` for this wallet's account."""
        spec = self._catalogue.asset(chain=chain, symbol=asset)
        units = to_base_units(amount, decimals=spec.decimals, what="deposit amount")
        packet = on_chain(lambda: self._gateway.deposit(self._wallet, spec, units))
        return self._deposit_handle(spec, units, packet)

    async def withdraw(
        self,
        *,
        chain: str,
        asset: str,
        amount: Amount,
        recipient: str | None = None,
        when_short: WhenShort | str = WhenShort.REFUSE,
    ) -> AsyncHandle:
        """Takes tokens or ether out of the account, to be paid by the vault on `chain`, to this wallet by default.

        A vault may hold less than the account. Then the withdrawal is refused, for the trader to choose another chain,
        or with `when_short="queue"` it waits in line for the vault, for a thousandth of its amount.
        """
        way = word(WhenShort, when_short, "when_short")
        spec, units, step = await self._withdrawal_step(chain, asset, amount, recipient)
        try:
            withdrawal = withdrawal_id_of((await self._venue.submit(step)).events)
        except Rejected as error:
            if way is WhenShort.REFUSE or error.reason not in _SHORT:
                raise
            return await self._wait_in_line(spec, units, address_of(recipient or self.address))
        return self._withdrawal_handle(spec, units, withdrawal)

    async def _withdrawal_step(
        self, chain: str, asset: str, amount: Amount, recipient: str | None
    ) -> tuple[AssetSpec, int, bytes]:
        spec = self._catalogue.asset(chain=chain, symbol=asset)
        units = to_base_units(amount, decimals=spec.decimals, what="withdrawal amount")
        step = sign_withdraw(
            self._signer,
            self._venue.domain,
            account=await self.account(),
            asset=spec.asset_id,
            amount=units,
            recipient=address_of(recipient or self.address),
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        return spec, units, step

    def _withdrawal_handle(self, spec: AssetSpec, units: int, withdrawal: int) -> AsyncHandle:
        def packet() -> str | None:
            released = on_chain(lambda: self._gateway.release_of(withdrawal))
            return None if released is None else f"0x{released.hex()}"

        async def stage() -> str:
            posted = await self._venue.is_posted(withdrawal)
            return on_chain(lambda: self._gateway.withdrawal_stage(withdrawal, spec.chain_id, is_posted=posted))

        return AsyncHandle(
            Transfer(kind="withdrawal", chain=spec.chain, asset=spec.symbol, amount=units, reference=str(withdrawal)),
            stages=WITHDRAWAL_STAGES,
            read=stage,
            advance=self._advance,
            packet=packet,
        )

    # Hash locks

    async def lock_cash(self, *, payee: int | str, amount: Amount, hash: bytes, deadline: int) -> CashLock:  # noqa: A002
        """Sets cash aside for an account (id, or its owner's address) that shows the sha256 `hash`'s preimage in time.

        `deadline` in seconds of the exchange's clock, 60 seconds to 30 days ahead.
        """
        return await self._locks.lock(payee=payee, amount=amount, digest=hash, deadline=deadline)

    async def claim_lock(self, *, lock_id: int, preimage: bytes) -> CashLock:
        """Pays a lock to its payee, before its deadline; whoever shows the preimage may."""
        return await self._locks.claim(lock_id=lock_id, preimage=preimage)

    async def refund_lock(self, *, lock_id: int) -> CashLock:
        """Gives a lock back, from its deadline on; anyone may.

        Raises Rejected(QueueMayHoldItems) until the exchange took a forced item that entered after the deadline: a
        claim from before could still be waiting.
        """
        return await self._locks.refund(lock_id=lock_id)

    async def fetch_lock(self, *, lock_id: int) -> CashLock:
        """One lock, open or not."""
        return await self._locks.fetch(lock_id)

    async def fetch_locks(self) -> tuple[CashLock, ...]:
        """Open locks from or for this account."""
        return await self._locks.fetch_open()

    # Reading

    async def fetch_balance(self) -> Balance:
        """Cash, collateral, equity and margin."""
        held, margin = await self._venue.balances(await self.account())
        return views.balance(self._catalogue, held, margin)

    async def fetch_positions(self) -> tuple[Position, ...]:
        """Open positions at the mark."""
        return views.positions(self._catalogue, await self._venue.positions(await self.account()))

    async def fetch_order_book(self, *, market: str, levels: int = 10) -> OrderBook:
        """Best levels of both sides."""
        depth = await self._venue.depth(self._catalogue.market(market).market_id, levels)
        return OrderBook(market=market, bids=views.levels(depth.bids), asks=views.levels(depth.asks))

    async def fetch_open_orders(self, *, market: str | None = None) -> tuple[OpenOrder, ...]:
        """Resting orders, of one market or of all."""
        wanted = None if market is None else self._catalogue.market(market).market_id
        orders = await self._venue.orders(await self.account(), wanted)
        return tuple(views.open_order(self._catalogue.market_by_id(order.market), order) for order in orders)

    # Inside

    def _nonce(self) -> int:
        """Milliseconds of the venue's clock, or one more than the last."""
        self._last_nonce = max(self._venue.now() * 1000, self._last_nonce + 1)
        return self._last_nonce
