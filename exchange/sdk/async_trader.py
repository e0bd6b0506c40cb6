"""The trader: ccxt's verbs over the venue and the chains. Everything is keyword-only and exact."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from exchange.engine.reasons import Reason
from exchange.engine.signing import Signer, sign_cancel_all, sign_cancel_order, sign_place_order, sign_withdraw
from exchange.sdk import views
from exchange.sdk.addresses import address_of
from exchange.sdk.amounts import PRICE_BITS, PRICE_DECIMALS, SIZE_BITS, SIZE_DECIMALS, Amount, to_base_units
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.claim_verbs import AsyncClaimVerbs
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.handles import WITHDRAWAL_STAGES, AsyncHandle, Transfer
from exchange.sdk.locking import CashLocks
from exchange.sdk.orders import SIDES, order_result, parse_order_id, price_bound
from exchange.sdk.rebalance_verbs import AsyncRebalanceVerbs
from exchange.sdk.results import (
    Balance,
    CashLock,
    OpenOrder,
    OrderBook,
    OrderResult,
    OrderType,
    Position,
    Side,
    TimeInForce,
    WhenShort,
)
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_verbs import AsyncSwapVerbs
from exchange.sdk.venue import Venue, withdrawal_id_of

STEP_SECONDS = 120
"""Default lifetime of a signed cancel or withdrawal that the sequencer does not take at once."""
ORDER_SECONDS = 30 * 86_400
"""Default lifetime of a resting order."""
SLIPPAGE = "0.01"
"""Default slippage of a market order, a share of its reference price."""

_SHORT = frozenset({Reason.INSUFFICIENT_INVENTORY.value, Reason.WITHDRAWALS_QUEUED.value})
_TIMES_IN_FORCE = {TimeInForce.GTC: 0, TimeInForce.IOC: 1, TimeInForce.FOK: 2, TimeInForce.POST_ONLY: 3}


class AsyncTrader(AsyncSwapVerbs, AsyncRebalanceVerbs, AsyncClaimVerbs):
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
        self._locks = CashLocks(self._signer, venue, self._nonce)

    async def account(self) -> int:
        """The exchange's id of this wallet; raises Rejected(AccountUnknown) before the first deposit is credited."""
        return await self._venue.account_of(to_canonical_address(self.address))

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
        way = _word(WhenShort, when_short, "when_short")
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
        try:
            withdrawal = withdrawal_id_of((await self._venue.submit(step)).events)
        except Rejected as error:
            if way is WhenShort.REFUSE or error.reason not in _SHORT:
                raise
            return await self._wait_in_line(spec, units, address_of(recipient or self.address))
        return self._withdrawal_handle(spec, units, withdrawal)

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

    # Orders

    async def create_order(  # noqa: PLR0913 - an order's own fields
        self,
        *,
        market: str,
        side: Side | str,
        type: OrderType | str = OrderType.LIMIT,  # noqa: A002 - ccxt's name
        amount: Amount,
        price: Amount | None = None,
        slippage: Amount = SLIPPAGE,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        client_id: int | None = None,
        expires_in_seconds: int = ORDER_SECONDS,
    ) -> OrderResult:
        """Signs and sends an order; the answer says what filled and what rests.

        A limit order needs `price`. A market order takes none: it is immediate-or-cancel at the worse of best price and
        mark, moved by `slippage`. `client_id` is a nonce in milliseconds, by default the venue's time: the same limit
        order sent again under it is answered as the first time, and nothing else is accepted under it.
        """
        spec = self._catalogue.market(market)
        way = _word(Side, side, "side")
        size = to_base_units(amount, decimals=SIZE_DECIMALS, bits=SIZE_BITS, what="order amount")
        if _word(OrderType, type, "type") is OrderType.LIMIT:
            if price is None:
                raise Rejected("PriceMissing", "a limit order needs a price")
            limit = to_base_units(price, decimals=PRICE_DECIMALS, bits=PRICE_BITS, what="order price")
            lasting = _word(TimeInForce, time_in_force, "time_in_force")
        else:
            if price is not None:
                raise Rejected("PriceNotAllowed", "a market order takes slippage, not a price")
            limit = price_bound(spec, way, await self._reference_price(spec.market_id, way), slippage)
            lasting = TimeInForce.IOC
        nonce = self._nonce() if client_id is None else _in_range(client_id, "client_id")
        account = await self.account()
        step = sign_place_order(
            self._signer,
            self._venue.domain,
            account=account,
            market=spec.market_id,
            side=SIDES[way],
            time_in_force=_TIMES_IN_FORCE[lasting],
            price=limit,
            size=size,
            nonce=nonce,
            expiry=_in_range(nonce // 1000 + expires_in_seconds, "expiry"),
        )
        confirmation = await self._venue.submit(step)
        return order_result(
            spec,
            account=account,
            side=way,
            size=size,
            nonce=nonce,
            sequence=confirmation.sequence,
            events=confirmation.events,
        )

    async def cancel_order(self, *, order_id: str) -> None:
        """Takes a resting order out of the book; raises Rejected(OrderUnknown) where it no longer rests."""
        name, slot, sequence = parse_order_id(order_id)
        step = sign_cancel_order(
            self._signer,
            self._venue.domain,
            account=await self.account(),
            market=self._catalogue.market(name).market_id,
            slot=slot,
            sequence=sequence,
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        await self._venue.submit(step)

    async def cancel_all_orders(self) -> None:
        """Makes every order of the account dead at once."""
        step = sign_cancel_all(
            self._signer,
            self._venue.domain,
            account=await self.account(),
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        await self._venue.submit(step)

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

    async def _reference_price(self, market: int, side: Side) -> int:
        """The worse for the taker of the best price on the other side and the mark."""
        mark = await self._venue.mark_price(market)
        depth = await self._venue.depth(market, 1)
        if side is Side.BUY:
            return max([mark, *(level.price for level in depth.asks)])
        return min([mark, *(level.price for level in depth.bids)])


def _word(kind: Any, value: Any, what: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise Rejected("UnknownWord", f"{what} {value!r}; one of {', '.join(kind)}") from error


def _in_range(number: int, what: str) -> int:
    """A uint64; raises Rejected(OutOfRange)."""
    if type(number) is not int or not 0 < number < 1 << 64:
        raise Rejected("OutOfRange", f"{what} {number!r} is not a positive integer of 64 bits")
    return number
