"""What margin an order needs before it may trade or rest."""

from __future__ import annotations

from copy import copy

from exchange.engine import margin
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.requirements import growth_at, open_sides
from exchange.engine.resting import SIDES, average_loss, limit_loss, side_loss
from exchange.engine.rounding import div_up
from exchange.state.account import Account, Position
from exchange.state.limits import CASH_SCALE, FACTOR_ONE
from exchange.state.pricing import Pricing
from exchange.state.state import State


def require_margin(  # noqa: PLR0913, PLR0917
    state: State, account_id: int, market_id: int, held: Position, trial: Position, side: int, price: int, size: int
) -> None:
    """Check an order of `size` at `price`; `held` is the market's record without it, `trial` with it.

    Raises Rejected(NoMark, StaleMark, InsufficientMargin).
    """
    market, pricing = state.markets[market_id], state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    account = state.accounts[account_id]
    losses = limit_loss(market, pricing, side, price, size)
    fee = -(-price * size * market.multiplier * market.taker_fee // (CASH_SCALE * FACTOR_ONE))
    closable = held.size if side else -held.size
    quantity = open_sides(trial)[side]
    if quantity <= closable:
        after = copy(held)
        if side:
            after.size -= quantity
            after.ask_quantity = after.ask_notional = after.reduce_ask = 0
        else:
            after.size += quantity
            after.bid_quantity = after.bid_notional = after.reduce_bid = 0
        if not _raises_requirement(state, account, market_id, held, after, pricing):
            if losses:
                losses += side_loss(state, market_id, account_id, held, side)
                _require_maintenance(state, account_id, market_id, after, fee + div_up(losses, CASH_SCALE))
            return
    if losses or _rests_beyond(state, market_id, pricing.mark):
        for open_side in SIDES:
            losses += side_loss(state, market_id, account_id, held, open_side)
            losses -= average_loss(trial, open_side, pricing.value)
        fee += div_up(max(0, losses), CASH_SCALE)
    growth = FACTOR_ONE
    if market.margin_growth:
        growth = growth_at(market, market.open_interest + size)
    margin.require_initial(state, account, market_id, trial, fee, growth)


def _rests_beyond(state: State, market_id: int, mark: int) -> bool:
    """Whether any order rests beyond the mark; if none does, averages hide nothing."""
    market, slots = state.markets[market_id], state.orders[market_id]
    bid, ask = market.best_bid, market.best_ask
    return (bid != 0 and slots[bid - 1].price > mark) or (ask != 0 and slots[ask - 1].price < mark)


def _raises_requirement(  # noqa: PLR0913, PLR0917
    state: State, account: Account, market_id: int, held: Position, after: Position, pricing: Pricing
) -> bool:
    """Whether closing takes away a hedge. Between the two the requirement is never above both: it is convex."""
    if pricing.alone or not margin.is_portfolio(account):
        return False
    others = {
        other: position
        for other, position in account.positions.items()
        if other != market_id and state.markets[other].underlying == pricing.underlying
    }
    if not others:
        return False
    before, then = (margin.required_of(state, account, {**others, market_id: record}) for record in (held, after))
    return then[0] > before[0]


def _require_maintenance(state: State, account_id: int, market_id: int, after: Position, losses: int) -> None:
    """Check that an account which loses `losses` in cash keeps maintenance, by the active rounds, fresh or not."""
    positions = {**state.accounts[account_id].positions, market_id: after}
    _, maintenance, _ = margin.required_of(state, state.accounts[account_id], positions)
    if margin.assess(state, account_id).equity - losses < maintenance:
        raise Rejected(Reason.INSUFFICIENT_MARGIN)
