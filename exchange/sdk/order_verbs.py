"""The trader's verbs for orders, asynchronous and synchronous."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from exchange.engine.signing import (
    OWNER,
    Signer,
    cancel_item,
    place_item,
    replace_item,
    sign_cancel_all,
    sign_cancel_client,
    sign_cancel_order,
    sign_place_bulk,
    sign_place_order,
    sign_replace,
    sign_step,
    trigger_item,
)
from exchange.engine.steps import SCHEDULE_CANCEL_ALL
from exchange.sdk.amounts import PRICE_BITS, PRICE_DECIMALS, SIZE_BITS, SIZE_DECIMALS, Amount, to_base_units
from exchange.sdk.catalogue import MarketSpec
from exchange.sdk.errors import Rejected
from exchange.sdk.handles import Blocking
from exchange.sdk.orders import (
    SIDES,
    Asked,
    BulkOutcome,
    NewOrder,
    Replaced,
    Replacement,
    SignedOrder,
    bulk_outcomes,
    parse_order_id,
    price_bound,
    trigger_flag,
)
from exchange.sdk.owned_account import OwnedAccount
from exchange.sdk.results import OrderResult, OrderType, Side, TimeInForce
from exchange.sdk.words import in_range, word
from exchange.state.order import OrderFlag

STEP_SECONDS = 120
"""Default lifetime of a signed cancel that the sequencer does not take at once."""
ORDER_SECONDS = 30 * 86_400
"""Default lifetime of a resting order."""
SLIPPAGE = "0.01"
"""Default slippage of a market order, a share of its reference price."""

TIMES_IN_FORCE = {
    TimeInForce.GTC: 0,
    TimeInForce.IOC: 1,
    TimeInForce.FOK: 2,
    TimeInForce.POST_ONLY: 3,
    TimeInForce.POST_ONLY_SLIDE: 4,
}
_WITH_PRICE = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_TRIGGERED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})


class AsyncOrderVerbs(OwnedAccount):
    """Orders of one account, signed by its owner's key or by a session key."""

    _order_signer: Signer
    _order_key: int

    def use_session_key(self, *, private_key: bytes, key_id: int) -> None:
        """Signs orders and cancels by a session key from now on; `key_id` is what `create_session_key` answered."""
        self._order_signer, self._order_key = Signer(private_key), in_range(key_id, "key_id")

    def use_owner_key(self) -> None:
        """Signs orders and cancels by the wallet again."""
        self._order_signer, self._order_key = self._owner_signer(), OWNER

    @abstractmethod
    def _owner_signer(self) -> Signer:
        """The wallet's own key."""

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
        valid_for_seconds: int | None = None,
        reduce_only: bool = False,
        display: Amount | None = None,
        trigger_price: Amount | None = None,
    ) -> OrderResult:
        """Signs and sends an order; the answer says what filled and what rests.

        A limit order needs `price`. A market order takes none: it is immediate-or-cancel at the worse of best price and
        mark, moved by `slippage`. Stops and take-profits need `trigger_price`, which they wait for on the mark; those
        without a limit then take whatever the market's price band allows. `display` is what an iceberg shows.
        `client_id` is a nonce in milliseconds, by default the venue's time: the same limit order sent again under it is
        answered as the first time, and nothing else is accepted under it. The order rests for `expires_in_seconds`; its
        signature may be used for as long, or for `valid_for_seconds`.
        """
        order = await self._order_step(
            market=market,
            side=side,
            type=type,
            amount=amount,
            price=price,
            slippage=slippage,
            time_in_force=time_in_force,
            client_id=client_id,
            expires_in_seconds=expires_in_seconds,
            valid_for_seconds=valid_for_seconds,
            reduce_only=reduce_only,
            display=display,
            trigger_price=trigger_price,
        )
        confirmation = await self._venue.submit(order.step)
        return order.result(sequence=confirmation.sequence, events=confirmation.events)

    async def _order_step(  # noqa: PLR0913 - an order's own fields
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
        valid_for_seconds: int | None = None,
        reduce_only: bool = False,
        display: Amount | None = None,
        trigger_price: Amount | None = None,
    ) -> SignedOrder:
        """`create_order` up to the signature."""
        spec = self._catalogue.market(market)
        way = word(Side, side, "side")
        size = _size(amount)
        kind = word(OrderType, type, "type")
        lasting = word(TimeInForce, time_in_force, "time_in_force")
        limit, trigger = _prices(kind, price, trigger_price)
        flags = int(OrderFlag.REDUCE_ONLY) if reduce_only else 0
        if kind in _TRIGGERED:
            flags |= trigger_flag(way, is_stop=kind in {OrderType.STOP, OrderType.STOP_LIMIT})
        if kind is OrderType.MARKET:
            limit = price_bound(spec, way, await self._reference_price(spec.market_id, way), slippage)
        if kind not in _WITH_PRICE:
            lasting = TimeInForce.IOC
        nonce = self._nonce() if client_id is None else in_range(client_id, "client_id")
        account = await self.account()
        until = in_range(nonce // 1000 + expires_in_seconds, "expiry")
        seconds = expires_in_seconds if valid_for_seconds is None else valid_for_seconds
        step = sign_place_order(
            self._order_signer,
            self._venue.domain,
            account=account,
            market=spec.market_id,
            side=SIDES[way],
            time_in_force=TIMES_IN_FORCE[lasting],
            price=limit,
            size=size,
            nonce=nonce,
            expiry=in_range(nonce // 1000 + seconds, "expiry"),
            good_till=until,
            flags=flags,
            display=0 if display is None else _size(display),
            trigger=trigger,
            key_id=self._order_key,
        )
        return SignedOrder(market=spec, account=account, side=way, size=size, nonce=nonce, step=step)

    async def edit_order(self, *, order_id: str, price: Amount, amount: Amount) -> OrderResult:
        """Gives a resting order another price and amount left, or leaves it as it is and raises Rejected.

        Only a smaller amount at the same price keeps its place in the queue.
        """
        account = await self.account()
        replaced, slot, sequence = await self._resting(account, order_id, _size(amount))
        nonce = self._nonce()
        step = sign_replace(
            self._order_signer,
            self._venue.domain,
            account=account,
            market=replaced.market.market_id,
            slot=slot,
            sequence=sequence,
            price=_price(price),
            size=replaced.size,
            nonce=nonce,
            expiry=self._venue.now() + STEP_SECONDS,
            key_id=self._order_key,
        )
        confirmation = await self._venue.submit(step)
        return replaced.result(account=account, nonce=nonce, sequence=confirmation.sequence, events=confirmation.events)

    async def _resting(self, account: int, order_id: str, size: int) -> tuple[Replaced, int, int]:
        """An order that is to be replaced, its slot and its sequence; raises Rejected(OrderUnknown)."""
        name, slot, sequence = parse_order_id(order_id)
        spec = self._catalogue.market(name)
        for order in await self._venue.orders(account, spec.market_id):
            if (order.slot, order.sequence) == (slot, sequence):
                return Replaced(market=spec, order=order, size=size), slot, sequence
        raise Rejected("OrderUnknown", order_id)

    async def create_orders(
        self,
        *,
        orders: Sequence[NewOrder] = (),
        cancels: Sequence[str] = (),
        replacements: Sequence[Replacement] = (),
        expires_in_seconds: int = ORDER_SECONDS,
    ) -> tuple[BulkOutcome, ...]:
        """Cancels, replaces and places up to 32 orders under one signature, in this order; nobody gets in between.

        Each stands alone: an outcome is an OrderResult, None for a cancel that was done, or the Rejected of that item.
        Raises Rejected(OrderUnknown), with nothing sent, where a replacement names an order that does not rest.
        """
        account = await self.account()
        asked: list[Asked] = []
        items: list[bytes] = []
        for order_id in cancels:
            name, slot, sequence = parse_order_id(order_id)
            items.append(cancel_item(market=self._catalogue.market(name).market_id, slot=slot, sequence=sequence))
            asked.append(None)
        for other in replacements:
            replaced, slot, sequence = await self._resting(account, other.order_id, _size(other.amount))
            asked.append(replaced)
            where = {"market": replaced.market.market_id, "slot": slot, "sequence": sequence}
            items.append(replace_item(**where, price=_price(other.price), size=replaced.size))
        for order in orders:
            spec = self._catalogue.market(order.market)
            asked.append((spec, order))
            items.append(_order_item(spec, order))
        nonce = self._nonce()
        step = sign_place_bulk(
            self._order_signer,
            self._venue.domain,
            account=account,
            items=items,
            nonce=nonce,
            expiry=self._venue.now() + STEP_SECONDS,
            good_till=self._venue.now() + expires_in_seconds,
            key_id=self._order_key,
        )
        confirmation = await self._venue.submit(step)
        return bulk_outcomes(
            asked, account=account, nonce=nonce, sequence=confirmation.sequence, events=confirmation.events
        )

    async def cancel_order(self, *, order_id: str) -> None:
        """Takes a resting or waiting order out; raises Rejected(OrderUnknown) where it is no longer there."""
        name, slot, sequence = parse_order_id(order_id)
        step = sign_cancel_order(
            self._order_signer,
            self._venue.domain,
            account=await self.account(),
            market=self._catalogue.market(name).market_id,
            slot=slot,
            sequence=sequence,
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
            key_id=self._order_key,
        )
        await self._venue.submit(step)

    async def cancel_client_order(self, *, market: str, client_id: int) -> None:
        """Makes sure that nothing happens any more under a client id, whether its order has arrived or not.

        Raises Rejected(OrderUnknown) where the order came and is no longer there.
        """
        listed = self._catalogue.market(market).market_id
        account = await self.account()
        slots = [order.slot for order in await self._venue.orders(account, listed) if order.nonce == client_id]
        step = sign_cancel_client(
            self._order_signer,
            self._venue.domain,
            account=account,
            market=listed,
            client_id=in_range(client_id, "client_id"),
            expiry=self._venue.now() + STEP_SECONDS,
            slot=slots[0] if slots else 0,
            key_id=self._order_key,
        )
        await self._venue.submit(step)

    async def cancel_all_orders(self) -> None:
        """Makes every order of the account dead at once."""
        step = sign_cancel_all(
            self._order_signer,
            self._venue.domain,
            account=await self.account(),
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
            key_id=self._order_key,
        )
        await self._venue.submit(step)

    async def cancel_all_orders_after(self, *, seconds: int | None) -> None:
        """Has every order die after so many seconds unless this is called again before; None takes it back."""
        now = self._venue.now()
        step = sign_step(
            self._order_signer,
            self._venue.domain,
            SCHEDULE_CANCEL_ALL,
            None,
            account=await self.account(),
            key=self._order_key,
            time=0 if seconds is None else in_range(now + seconds, "time"),
            nonce=self._nonce(),
            expiry=now + STEP_SECONDS,
        )
        await self._venue.submit(step)

    async def _reference_price(self, market: int, side: Side) -> int:
        """The worse for the taker of the best price on the other side and the mark."""
        mark = await self._venue.mark_price(market)
        depth = await self._venue.depth(market, 1)
        if side is Side.BUY:
            return max([mark, *(level.price for level in depth.asks)])
        return min([mark, *(level.price for level in depth.bids)])


class OrderVerbs:
    """The same verbs, synchronously."""

    _inner: Any
    _run: Blocking

    def use_session_key(self, *, private_key: bytes, key_id: int) -> None:
        """See `AsyncOrderVerbs.use_session_key`."""
        self._inner.use_session_key(private_key=private_key, key_id=key_id)

    def use_owner_key(self) -> None:
        """See `AsyncOrderVerbs.use_owner_key`."""
        self._inner.use_owner_key()

    def create_order(  # noqa: PLR0913 - an order's own fields
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
        valid_for_seconds: int | None = None,
        reduce_only: bool = False,
        display: Amount | None = None,
        trigger_price: Amount | None = None,
    ) -> OrderResult:
        """See `AsyncOrderVerbs.create_order`."""
        result: OrderResult = self._run(
            self._inner.create_order(
                market=market,
                side=side,
                type=type,
                amount=amount,
                price=price,
                slippage=slippage,
                time_in_force=time_in_force,
                client_id=client_id,
                expires_in_seconds=expires_in_seconds,
                valid_for_seconds=valid_for_seconds,
                reduce_only=reduce_only,
                display=display,
                trigger_price=trigger_price,
            )
        )
        return result

    def edit_order(self, *, order_id: str, price: Amount, amount: Amount) -> OrderResult:
        """See `AsyncOrderVerbs.edit_order`."""
        result: OrderResult = self._run(self._inner.edit_order(order_id=order_id, price=price, amount=amount))
        return result

    def create_orders(
        self,
        *,
        orders: Sequence[NewOrder] = (),
        cancels: Sequence[str] = (),
        replacements: Sequence[Replacement] = (),
        expires_in_seconds: int = ORDER_SECONDS,
    ) -> tuple[BulkOutcome, ...]:
        """See `AsyncOrderVerbs.create_orders`."""
        work = self._inner.create_orders(
            orders=orders, cancels=cancels, replacements=replacements, expires_in_seconds=expires_in_seconds
        )
        outcomes: tuple[BulkOutcome, ...] = self._run(work)
        return outcomes

    def cancel_order(self, *, order_id: str) -> None:
        """See `AsyncOrderVerbs.cancel_order`."""
        self._run(self._inner.cancel_order(order_id=order_id))

    def cancel_client_order(self, *, market: str, client_id: int) -> None:
        """See `AsyncOrderVerbs.cancel_client_order`."""
        self._run(self._inner.cancel_client_order(market=market, client_id=client_id))

    def cancel_all_orders(self) -> None:
        """See `AsyncOrderVerbs.cancel_all_orders`."""
        self._run(self._inner.cancel_all_orders())

    def cancel_all_orders_after(self, *, seconds: int | None) -> None:
        """See `AsyncOrderVerbs.cancel_all_orders_after`."""
        self._run(self._inner.cancel_all_orders_after(seconds=seconds))


def _prices(kind: OrderType, price: Amount | None, trigger_price: Amount | None) -> tuple[int, int]:
    """Limit (0: none) and trigger (0: none) that a type of order needs, and no others."""
    if kind in _WITH_PRICE and price is None:
        raise Rejected("PriceMissing", f"a {kind} order needs a price")
    if kind not in _WITH_PRICE and price is not None:
        raise Rejected("PriceNotAllowed", f"a {kind} order takes no price")
    if kind in _TRIGGERED and trigger_price is None:
        raise Rejected("TriggerMissing", f"a {kind} order needs a trigger_price")
    if kind not in _TRIGGERED and trigger_price is not None:
        raise Rejected("TriggerNotAllowed", f"a {kind} order takes no trigger_price")
    return (0 if price is None else _price(price)), (0 if trigger_price is None else _price(trigger_price))


def _order_item(spec: MarketSpec, order: NewOrder) -> bytes:
    if order.type is OrderType.MARKET:
        raise Rejected("MarketOrderInBulk", "its bound would be of a price from before the items in front of it")
    limit, trigger = _prices(order.type, order.price, order.trigger_price)
    side, size = SIDES[order.side], _size(order.amount)
    flags = int(OrderFlag.REDUCE_ONLY) if order.reduce_only else 0
    lasting = TIMES_IN_FORCE[order.time_in_force if order.type in _WITH_PRICE else TimeInForce.IOC]
    if order.type not in _TRIGGERED:
        display = 0 if order.display is None else _size(order.display)
        return place_item(
            market=spec.market_id,
            side=side,
            price=limit,
            size=size,
            time_in_force=lasting,
            flags=flags,
            display=display,
        )
    if order.display is not None:
        raise Rejected("DisplayNotAllowed", f"a {order.type} order of a bulk is no iceberg")
    flags |= trigger_flag(order.side, is_stop=order.type in {OrderType.STOP, OrderType.STOP_LIMIT})
    return trigger_item(
        market=spec.market_id,
        side=side,
        price=limit,
        size=size,
        trigger=trigger,
        flags=flags,
        time_in_force=lasting,
    )


def _size(amount: Amount) -> int:
    return to_base_units(amount, decimals=SIZE_DECIMALS, bits=SIZE_BITS, what="order amount")


def _price(price: Amount) -> int:
    return to_base_units(price, decimals=PRICE_DECIMALS, bits=PRICE_BITS, what="order price")
