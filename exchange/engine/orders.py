"""PlaceOrder, CancelOrder, CancelAll and Continue."""

from __future__ import annotations

from copy import copy
from typing import Final

from exchange.engine import book, margin, placing, steps
from exchange.engine.authorisation import authorise, consume_nonce
from exchange.engine.events import (
    AllCancelled,
    Event,
    OrderPlaced,
    RegisterOpened,
    RemainderDropped,
    Removal,
)
from exchange.engine.liquidation import continue_liquidation
from exchange.engine.matching import Taker, match, reach
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account, Position
from exchange.state.limits import (
    CASH_SCALE,
    FACTOR_ONE,
    NOTIONAL_LIMIT,
    OWN_EPOCH_LIMIT,
    POSITIONS_PER_ACCOUNT,
    PRICE_LIMIT,
    SIZE_LIMIT,
)
from exchange.state.market import Market, MarketStatus, RegisterKind
from exchange.state.order import FREE, Order, Side, TimeInForce
from exchange.state.state import State

_GTC: Final = int(TimeInForce.GTC)
_FOK: Final = int(TimeInForce.FOK)
_POST_ONLY: Final = int(TimeInForce.POST_ONLY)
_ASK: Final = int(Side.ASK)
_ORDER: Final = int(RegisterKind.ORDER)
_OPEN: Final = int(MarketStatus.OPEN)


def place_order(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Check an order in full, then match it and let the rest rest. Raises Rejected with nothing changed."""
    if len(step) != steps.PLACE_ORDER.size:
        raise Rejected(Reason.MALFORMED)
    (_, account_id, key, market_id, side, time_in_force, price, size, nonce, expiry, r, s, v) = (
        steps.PLACE_ORDER.unpack(step)
    )
    struct_hash = steps.place_order_hash(account_id, market_id, side, time_in_force, price, size, nonce, expiry)
    account = authorise(state, signatures, account_id, key, nonce, expiry, struct_hash, r, s, v)
    market = _open_market(state, account_id, market_id)
    _check_shape(market, side, time_in_force, price, size)
    _check_price_band(state, market_id, market, side, price)
    taker = Taker(account_id, side, price, size, nonce)
    trial = _reserve(state, account, market_id, market, taker)
    if time_in_force in (_GTC, _POST_ONLY) and not book.has_free_slot(market):
        raise Rejected(Reason.BOOK_FULL)
    if time_in_force >= _FOK:
        _check_reach(state, market_id, time_in_force, taker)

    # Nothing below can fail.
    consume_nonce(account, nonce)
    account.positions[market_id] = trial
    events: list[Event] = []
    more = match(state, market_id, taker, account, trial, events)
    filled = size - taker.remaining
    if filled:
        _release(trial, market, side, price, filled)
    if more:
        _open_register(market, taker, time_in_force, expiry, account.order_epoch)
        events.append(RegisterOpened(market_id, account_id, taker.remaining))
    else:
        _finish(state, market_id, taker, account, trial, time_in_force, expiry, events)
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)
    return events


def continue_register(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Go on with a market's unfinished order or liquidation."""
    if len(step) != steps.MARKET_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id = steps.MARKET_STEP.unpack(step)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if not market.register:
        raise Rejected(Reason.REGISTER_CLOSED)
    state.dirty_markets.add(market_id)
    if market.register != _ORDER:
        return continue_liquidation(state, market_id, market)
    account_id = market.register_account
    account = state.accounts[account_id]
    taker = Taker(
        account_id, market.register_side, market.register_price, market.register_remaining, market.register_nonce
    )
    time_in_force, expiry = market.register_time_in_force, market.register_expiry
    if market.register_epoch != account.order_epoch:
        # CancelAll or a liquidation zeroed the reservation with the epoch.
        market.close_register()
        return [RemainderDropped(account_id, market_id, taker.nonce, taker.remaining)]
    events: list[Event] = []
    position = account.positions[market_id]
    state.dirty_accounts.add(account_id)
    if expiry <= state.header.clock:
        market.close_register()
        _drop(taker, market_id, market, account, position, events)
        return events
    before = taker.remaining
    more = match(state, market_id, taker, account, position, events)
    _release(position, market, taker.side, taker.price, before - taker.remaining)
    if more:
        market.register_remaining = taker.remaining
        events.append(RegisterOpened(market_id, account_id, taker.remaining))
    else:
        market.close_register()
        _finish(state, market_id, taker, account, position, time_in_force, expiry, events)
    return events


def cancel_order(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Remove one resting order; allowed while a register is open, which reads the book afresh each time."""
    if len(step) != steps.CANCEL_ORDER.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, key, market_id, slot, sequence, nonce, expiry, r, s, v = steps.CANCEL_ORDER.unpack(step)
    struct_hash = steps.cancel_order_hash(account_id, market_id, slot, sequence, nonce, expiry)
    account = authorise(state, signatures, account_id, key, nonce, expiry, struct_hash, r, s, v)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    slots = state.orders[market_id]
    order = slots[slot] if slot < len(slots) else None
    if order is None or order.side == FREE or order.account != account_id or order.sequence != sequence:
        raise Rejected(Reason.ORDER_UNKNOWN)
    consume_nonce(account, nonce)
    event = book.withdraw_order(state, market_id, state.markets[market_id], slot, order, Removal.CANCELLED)
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)
    return [event]


def cancel_all(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Kill every open order of an account by raising its epoch; the book forgets them when it touches them."""
    if len(step) != steps.CANCEL_ALL.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, key, nonce, expiry, r, s, v = steps.CANCEL_ALL.unpack(step)
    struct_hash = steps.cancel_all_hash(account_id, nonce, expiry)
    account = authorise(state, signatures, account_id, key, nonce, expiry, struct_hash, r, s, v)
    if account.order_epoch >= OWN_EPOCH_LIMIT:
        raise Rejected(Reason.EPOCHS_EXHAUSTED)
    consume_nonce(account, nonce)
    account.kill_orders()
    state.dirty_accounts.add(account_id)
    return [AllCancelled(account_id, account.order_epoch)]


def _open_market(state: State, account_id: int, market_id: int) -> Market:
    if not account_id:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if market.status != _OPEN:
        raise Rejected(Reason.MARKET_HALTED)
    if market.register:
        raise Rejected(Reason.REGISTER_OPEN)
    return market


def _check_shape(market: Market, side: int, time_in_force: int, price: int, size: int) -> None:
    if side > _ASK or time_in_force > _POST_ONLY:
        raise Rejected(Reason.MALFORMED)
    if not 0 < price < PRICE_LIMIT:
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    if price % market.tick:
        raise Rejected(Reason.PRICE_OFF_TICK)
    if not market.min_size <= size < SIZE_LIMIT:
        raise Rejected(Reason.SIZE_OUT_OF_RANGE)
    if size % market.lot:
        raise Rejected(Reason.SIZE_OFF_LOT)


def _check_price_band(state: State, market_id: int, market: Market, side: int, price: int) -> None:
    """Nobody trades actively further from a fresh mark than the band; a passive price may be anywhere."""
    pricing = state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    if margin.is_stale(state, pricing.underlying):
        raise Rejected(Reason.STALE_MARK)
    mark = pricing.mark
    beyond = mark - price if side else price - mark
    if beyond * FACTOR_ONE > mark * market.price_band:
        raise Rejected(Reason.PRICE_OUTSIDE_BAND)


def _reserve(state: State, account: Account, market_id: int, market: Market, taker: Taker) -> Position:
    """Return the market's record with all of the order open in it, having checked limits and margin for that."""
    held = account.positions.get(market_id)
    if held is not None:
        trial = copy(held)
    elif len(account.positions) < POSITIONS_PER_ACCOUNT:
        trial = Position(funding_index=market.funding_index)
    else:
        raise Rejected(Reason.TOO_MANY_POSITIONS)
    size = taker.remaining
    notional = taker.price * size * market.multiplier // CASH_SCALE
    if taker.side:
        closable = trial.size
        trial.ask_quantity = quantity = trial.ask_quantity + size
        trial.ask_notional += notional
        open_notional = trial.ask_notional
    else:
        closable = -trial.size
        trial.bid_quantity = quantity = trial.bid_quantity + size
        trial.bid_notional += notional
        open_notional = trial.bid_notional
    if quantity >= SIZE_LIMIT or open_notional >= NOTIONAL_LIMIT:
        raise Rejected(Reason.OPEN_ORDERS_OUT_OF_RANGE)
    opening = size - closable if closable > 0 else size
    if opening > 0 and market.open_interest + opening > market.open_interest_cap:
        raise Rejected(Reason.OPEN_INTEREST_CAP)
    placing.require_margin(state, taker.account_id, market_id, held or Position(), trial, taker.side, taker.price, size)
    return trial


def _check_reach(state: State, market_id: int, time_in_force: int, taker: Taker) -> None:
    found = reach(state, market_id, taker)
    if time_in_force == _FOK:
        if found.available < taker.remaining:
            raise Rejected(Reason.FILL_OR_KILL_UNFILLED)
    elif found.meets_live or found.beyond:
        raise Rejected(Reason.POST_ONLY_WOULD_TRADE)


def _release(position: Position, market: Market, side: int, price: int, size: int) -> None:
    """Give back what `size` of an order reserved at its limit."""
    cash = price * size * market.multiplier // CASH_SCALE
    if side:
        position.ask_quantity -= size
        position.ask_notional -= cash
    else:
        position.bid_quantity -= size
        position.bid_notional -= cash


def _open_register(market: Market, taker: Taker, time_in_force: int, expiry: int, epoch: int) -> None:
    market.register = _ORDER
    market.register_account = taker.account_id
    market.register_side = taker.side
    market.register_time_in_force = time_in_force
    market.register_price = taker.price
    market.register_remaining = taker.remaining
    market.register_nonce = taker.nonce
    market.register_expiry = expiry
    market.register_epoch = epoch


def _finish(  # noqa: PLR0913, PLR0917
    state: State,
    market_id: int,
    taker: Taker,
    account: Account,
    position: Position,
    time_in_force: int,
    expiry: int,
    events: list[Event],
) -> None:
    """Let what is left rest, or drop it."""
    market = state.markets[market_id]
    if not taker.remaining:
        if position.is_empty():
            del account.positions[market_id]
        return
    if time_in_force not in (_GTC, _POST_ONLY):
        _drop(taker, market_id, market, account, position, events)
        return
    order = Order(
        0,
        taker.account_id,
        account.order_epoch,
        taker.side,
        0,
        taker.price,
        taker.remaining,
        0,
        0,
        taker.nonce,
        expiry,
    )
    slot = book.insert(state, market_id, market, order)
    events.append(
        OrderPlaced(
            taker.account_id,
            market_id,
            slot,
            order.sequence,
            taker.side,
            taker.price,
            taker.remaining,
            taker.nonce,
        )
    )


def _drop(  # noqa: PLR0913, PLR0917
    taker: Taker, market_id: int, market: Market, account: Account, position: Position, events: list[Event]
) -> None:
    _release(position, market, taker.side, taker.price, taker.remaining)
    if position.is_empty():
        del account.positions[market_id]
    events.append(RemainderDropped(taker.account_id, market_id, taker.nonce, taker.remaining))
