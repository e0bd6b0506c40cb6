"""Liquidate: an account below maintenance loses its orders, then as much of one position as restores it."""

from __future__ import annotations

from exchange.engine import deleveraging, means, steps, waterfall
from exchange.engine.equity import equity_of
from exchange.engine.events import Event, Liquidated, RegisterOpened, RemainderDropped
from exchange.engine.fund import note_loss
from exchange.engine.matching import Taker, match
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import BACKSTOP
from exchange.state.market import Market, RegisterKind
from exchange.state.order import Side
from exchange.state.state import State


def liquidate(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Take the orders of an account below maintenance, and close its position in a market as far as needed.

    Permissionless. Raises Rejected with nothing changed.
    """
    if len(step) != steps.LIQUIDATE.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, market_id = steps.LIQUIDATE.unpack(step)
    target = waterfall.target(state, account_id, market_id)
    meets = target.size and waterfall.meets_orders(state, market_id, target.side, target.limit)
    closing = target.closing
    if not target.has_orders and not (meets and closing):
        raise Rejected(Reason.NOTHING_TO_LIQUIDATE)

    # Nothing below can fail.
    waterfall.kill_orders(state, target)
    if target.equity < 0:
        note_loss(state)
    events: list[Event] = [Liquidated(account_id, market_id, target.equity, target.maintenance, closing, target.limit)]
    if closing:
        open_liquidation(target.market, account_id, target.side, target.limit, closing, target.tier)
        events += continue_liquidation(state, market_id, target.market)
    return events


def open_liquidation(  # noqa: PLR0913, PLR0917
    market: Market, account_id: int, side: int, limit: int, size: int, tier: int = 0
) -> None:
    """Put a liquidation into the market's register; its flags are the tier."""
    market.register = RegisterKind.LIQUIDATION
    market.register_account = account_id
    market.register_side = side
    market.register_price = limit
    market.register_remaining = size
    market.register_flags = tier


def continue_liquidation(state: State, market_id: int, market: Market) -> list[Event]:
    """Trade the register's liquidation against up to eight orders; closes the register when it is done."""
    account_id = market.register_account
    account = state.accounts[account_id]
    taker = Taker(account_id, market.register_side, market.register_price, market.register_remaining, 0, True)
    taker.flags = market.register_flags
    position = account.positions[market_id]
    state.dirty_accounts.add(account_id)
    cash = account.cash
    events: list[Event] = []
    more = match(state, market_id, taker, account, position, events)[0]
    if account_id == BACKSTOP:
        market.backstop_used = max(0, market.backstop_used + cash - account.cash)
    if more:
        market.register_remaining = taker.remaining
        events.append(RegisterOpened(market_id, account_id, taker.remaining))
        return events
    market.close_register()
    if position.is_empty():
        del account.positions[market_id]
        events += means.pay_debt(state, account_id, account)
    if taker.remaining:
        events.append(RemainderDropped(account_id, market_id, 0, taker.remaining))
    else:
        waterfall.note_slice(state, position, market)
    return events


def resume_liquidation(state: State, market_id: int, market: Market) -> list[Event]:
    """Go on with the register's liquidation."""
    if market.register_account != BACKSTOP:
        _draw_in(state, market_id, market)
    return continue_liquidation(state, market_id, market)


def _draw_in(state: State, market_id: int, market: Market) -> None:
    """Draw an unfinished liquidation's limit in, where others have meanwhile taken what was to pay for it."""
    view = deleveraging.settled_view(state, market.register_account)
    pricing = state.pricing[market_id]
    if pricing is None:
        return
    closing = market.register_remaining if market.register_side == Side.ASK else -market.register_remaining
    allowed = means.budget(state, view, equity_of(state, view), market_id)
    market.register_price = means.bounded(market.register_price, allowed, closing, market, pricing.mark)
