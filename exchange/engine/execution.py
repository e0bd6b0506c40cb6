"""An order from its checks to its rest: nothing changes before every check has passed."""

from __future__ import annotations

from copy import copy
from typing import Final

from exchange.engine import book, deleveraging, placing
from exchange.engine.events import Event, OrderPlaced, OrderRemoved, RegisterOpened, RemainderDropped, Removal
from exchange.engine.matching import Taker, match
from exchange.engine.protection import is_frozen
from exchange.engine.reach import reach
from exchange.engine.reasons import Reason, Rejected
from exchange.state.account import Account, Position
from exchange.state.limits import (
    CASH_SCALE,
    FACTOR_ONE,
    MAKERS_PER_STEP,
    NOTIONAL_LIMIT,
    POSITIONS_PER_ACCOUNT,
    PRICE_LIMIT,
    SIZE_LIMIT,
)
from exchange.state.market import Market, Phase, RegisterKind
from exchange.state.order import Order, OrderFlag, Side, TimeInForce
from exchange.state.pricing import Pricing
from exchange.state.state import State

_IOC: Final = int(TimeInForce.IOC)
_FOK: Final = int(TimeInForce.FOK)
_POST_ONLY: Final = int(TimeInForce.POST_ONLY)
_SLIDE: Final = int(TimeInForce.POST_ONLY_SLIDE)
_ASK: Final = int(Side.ASK)
_ORDER: Final = int(RegisterKind.ORDER)
_REDUCE_ONLY: Final = int(OrderFlag.REDUCE_ONLY)


def place(  # noqa: PLR0913, PLR0917
    state: State,
    market_id: int,
    taker: Taker,
    account: Account,
    events: list[Event],
    touches: int = MAKERS_PER_STEP,
    replaced: tuple[int, Order] | None = None,
) -> int:
    """Check an order in full, then match it and let the rest rest; returns the touches that are left.

    The market takes orders: the caller has asked `gates`. `replaced` (slot and order) is taken out of the book in the
    same move. Whoever signed has its nonce consumed by the caller afterwards. Raises Rejected with nothing changed.
    """
    market = state.markets[market_id]
    deleveraging.require_settled(state, taker.account_id, account)
    _check_account(state, account, taker)
    _check_shape(state, market_id, market, taker)
    held = account.positions.get(market_id)
    if market.phase or taker.flags & _REDUCE_ONLY:
        _check_phase(market, taker, held)
    if taker.time_in_force == _SLIDE:
        _slide(state, market_id, market, taker, touches)
    trial, without = _reserve(account, market, taker, held, replaced)
    placing.require_margin(state, taker.account_id, market_id, without, trial, taker.side, taker.price, taker.remaining)
    rests = not _IOC <= taker.time_in_force <= _FOK
    if rests and replaced is None and not book.has_free_slot(market):
        raise Rejected(Reason.BOOK_FULL)
    if taker.time_in_force >= _FOK:
        _check_reach(state, market_id, taker, touches)

    # Nothing below can fail.
    if replaced is not None:
        _take_out(state, market_id, market, *replaced, events)
    account.positions[market_id] = trial
    state.dirty_accounts.add(taker.account_id)
    state.dirty_markets.add(market_id)
    size = taker.remaining
    more, left = match(state, market_id, taker, account, trial, events, touches)
    met = size - taker.remaining
    if met:
        release_at_limit(trial, market, taker, met)
    if more:
        _open_register(market, taker, account.order_epoch)
        events.append(RegisterOpened(market_id, taker.account_id, taker.remaining))
    else:
        finish(state, market_id, taker, account, trial, events)
    return left


def release_at_limit(position: Position, market: Market, order: Order | Taker, size: int) -> None:
    """Give back what `size` of an order reserved at its limit."""
    cash = order.price * size * market.multiplier // CASH_SCALE
    reduces = order.flags & _REDUCE_ONLY
    if order.side:
        position.ask_quantity -= size
        position.ask_notional -= cash
        position.reduce_ask -= size if reduces else 0
    else:
        position.bid_quantity -= size
        position.bid_notional -= cash
        position.reduce_bid -= size if reduces else 0


def finish(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, taker: Taker, account: Account, position: Position, events: list[Event]
) -> None:
    """Let what is left of a taker rest, or drop it."""
    if not taker.remaining:
        if position.is_empty():
            del account.positions[market_id]
        return
    market = state.markets[market_id]
    if _IOC <= taker.time_in_force <= _FOK or taker.is_stopped:
        drop(market_id, market, taker, account, position, events)
        return
    shown, hidden = taker.remaining, 0
    if 0 < taker.display < shown:
        shown, hidden = taker.display, shown - taker.display
    order = Order(
        0,
        taker.account_id,
        account.order_epoch,
        taker.side,
        taker.flags,
        taker.price,
        shown,
        0,
        0,
        taker.nonce,
        taker.expiry,
        0,
        taker.time_in_force,
        hidden,
        taker.display,
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


def drop(  # noqa: PLR0913, PLR0917
    market_id: int, market: Market, taker: Taker, account: Account, position: Position, events: list[Event]
) -> None:
    """Give up what is left of a taker."""
    release_at_limit(position, market, taker, taker.remaining)
    if position.is_empty():
        del account.positions[market_id]
    events.append(RemainderDropped(taker.account_id, market_id, taker.nonce, taker.remaining))


def _check_account(state: State, account: Account, taker: Taker) -> None:
    clock = state.header.clock
    if 0 < account.cancel_all_at <= clock:
        raise Rejected(Reason.CANCEL_ALL_DUE)
    if taker.expiry <= clock:
        raise Rejected(Reason.EXPIRED)
    rests = not _IOC <= taker.time_in_force <= _FOK
    if account.protection is not None and rests and is_frozen(account, clock):
        raise Rejected(Reason.PROTECTION_FROZEN)


def _check_shape(state: State, market_id: int, market: Market, taker: Taker) -> None:
    """Check price, size and display; a market order gets the worst price that the band allows as its limit."""
    if taker.side > _ASK or taker.time_in_force > _SLIDE or taker.flags & ~_REDUCE_ONLY:
        raise Rejected(Reason.MALFORMED)
    check_size(market, taker.remaining, taker.time_in_force, taker.display)
    pricing = fresh_pricing(state, market_id)
    price = taker.price
    if not price and _IOC <= taker.time_in_force <= _FOK:
        taker.price = price = band_price(market, taker.side, pricing)
    if not 0 < price < PRICE_LIMIT:
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    if price % market.tick:
        raise Rejected(Reason.PRICE_OFF_TICK)
    beyond = pricing.mark - price if taker.side else price - pricing.mark
    if beyond * FACTOR_ONE > pricing.width * market.price_band:
        raise Rejected(Reason.PRICE_OUTSIDE_BAND)


def check_size(market: Market, size: int, time_in_force: int, display: int) -> None:
    """Check a new order's size and the part of it that it shows. Raises Rejected."""
    if not market.min_size <= size < SIZE_LIMIT:
        raise Rejected(Reason.SIZE_OUT_OF_RANGE)
    if size % market.lot:
        raise Rejected(Reason.SIZE_OFF_LOT)
    if display and (_IOC <= time_in_force <= _FOK or display % market.lot or not market.min_size <= display < size):
        raise Rejected(Reason.DISPLAY_INVALID)


def fresh_pricing(state: State, market_id: int) -> Pricing:
    """The market in the active round. Raises Rejected(NoMark, StaleMark)."""
    pricing = state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    if pricing.fresh_until < state.header.clock:
        raise Rejected(Reason.STALE_MARK)
    return pricing


def band_price(market: Market, side: int, pricing: Pricing) -> int:
    """The worst price at which an order may trade actively, on tick."""
    if side:
        lowest = pricing.mark - pricing.width * market.price_band // FACTOR_ONE
        return max(market.tick, lowest + -lowest % market.tick)
    highest = pricing.mark + pricing.width * market.price_band // FACTOR_ONE
    return min(highest, PRICE_LIMIT - 1) // market.tick * market.tick


def _check_phase(market: Market, taker: Taker, held: Position | None) -> None:
    """Refuse what the phase does not take; cut an order that reduces only to what there is to reduce."""
    if taker.flags & _REDUCE_ONLY:
        room = 0 if held is None else held.size if taker.side else -held.size
        if room <= 0:
            raise Rejected(Reason.REDUCE_ONLY_WOULD_INCREASE)
        taker.remaining = min(taker.remaining, room)
    elif market.phase == Phase.REDUCE_ONLY:
        raise Rejected(Reason.REDUCE_ONLY_PHASE)
    if market.phase == Phase.POST_ONLY and taker.time_in_force < _POST_ONLY:
        raise Rejected(Reason.POST_ONLY_PHASE)


def _slide(state: State, market_id: int, market: Market, taker: Taker, touches: int) -> None:
    """Move a post-only order's price one tick behind the first live order it would meet."""
    found = reach(state, market_id, taker, touches)
    if found.best_live:
        taker.price = found.best_live + (market.tick if taker.side else -market.tick)
        if not 0 < taker.price < PRICE_LIMIT:
            raise Rejected(Reason.PRICE_OUT_OF_RANGE)


def _reserve(
    account: Account,
    market: Market,
    taker: Taker,
    held: Position | None,
    replaced: tuple[int, Order] | None,
) -> tuple[Position, Position]:
    """The market's record with all of the order open in it, and the one without it; checks limits."""
    if held is not None:
        trial = copy(held)
    elif len(account.positions) < POSITIONS_PER_ACCOUNT:
        trial = Position()
    else:
        raise Rejected(Reason.TOO_MANY_POSITIONS)
    without = held or Position()
    if replaced is not None:
        order = replaced[1]
        release_at_limit(trial, market, order, order.remaining + order.hidden)
        without = copy(trial)
    size = taker.remaining
    notional = taker.price * size * market.multiplier // CASH_SCALE
    if taker.side:
        closable = trial.size
        trial.ask_quantity = quantity = trial.ask_quantity + size
        trial.ask_notional += notional
        trial.reduce_ask += size if taker.flags & _REDUCE_ONLY else 0
        open_notional = trial.ask_notional
    else:
        closable = -trial.size
        trial.bid_quantity = quantity = trial.bid_quantity + size
        trial.bid_notional += notional
        trial.reduce_bid += size if taker.flags & _REDUCE_ONLY else 0
        open_notional = trial.bid_notional
    if quantity >= SIZE_LIMIT or open_notional >= NOTIONAL_LIMIT:
        raise Rejected(Reason.OPEN_ORDERS_OUT_OF_RANGE)
    opening = size - closable if closable > 0 else size
    if opening > 0 and market.open_interest + opening > market.open_interest_cap:
        raise Rejected(Reason.OPEN_INTEREST_CAP)
    return trial, without


def _take_out(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, market: Market, slot: int, order: Order, events: list[Event]
) -> None:
    """Unlink a replaced order, whose reservation the account's new record does not contain any more."""
    left = order.remaining + order.hidden
    events.append(OrderRemoved(order.account, market_id, slot, order.sequence, order.nonce, left, Removal.REPLACED))
    book.unlink(state, market_id, market, slot, order)


def _check_reach(state: State, market_id: int, taker: Taker, touches: int) -> None:
    found = reach(state, market_id, taker, touches)
    if taker.time_in_force == _FOK:
        if found.available < taker.remaining:
            blocked = found.beyond and not found.best_live
            raise Rejected(Reason.DEAD_ORDERS_AHEAD if blocked else Reason.FILL_OR_KILL_UNFILLED)
    elif found.best_live:
        raise Rejected(Reason.POST_ONLY_WOULD_TRADE)
    elif found.beyond:
        raise Rejected(Reason.DEAD_ORDERS_AHEAD)


def _open_register(market: Market, taker: Taker, epoch: int) -> None:
    market.register = _ORDER
    market.register_account = taker.account_id
    market.register_side = taker.side
    market.register_time_in_force = taker.time_in_force
    market.register_flags = taker.flags
    market.register_price = taker.price
    market.register_remaining = taker.remaining
    market.register_display = taker.display
    market.register_nonce = taker.nonce
    market.register_expiry = taker.expiry
    market.register_epoch = epoch
