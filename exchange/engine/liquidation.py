"""Liquidate: an account below maintenance loses its orders, then as much of one position as restores it."""

from __future__ import annotations

from typing import Final

from exchange.engine import gates, margin, steps
from exchange.engine.events import Event, Liquidated, RegisterOpened, RemainderDropped
from exchange.engine.matching import Taker, crosses, match
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import div_up, mul_div_down, mul_div_up
from exchange.engine.signatures import Signatures
from exchange.state.account import Account, Position
from exchange.state.limits import CASH_SCALE, EPOCH_LIMIT, FACTOR_ONE, PRICE_LIMIT, SCENARIOS
from exchange.state.market import Market, RegisterKind
from exchange.state.order import Side
from exchange.state.pricing import Pricing
from exchange.state.state import State

_SCALE: Final = CASH_SCALE * FACTOR_ONE
_ROUNDING_SLACK: Final = 2
"""Cash units by which requirement and profit may round against the account."""


def liquidate(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Take the orders of an account below maintenance, and close its position in a market as far as needed.

    Permissionless. Raises Rejected with nothing changed.
    """
    if len(step) != steps.LIQUIDATE.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, market_id = steps.LIQUIDATE.unpack(step)
    account, market, pricing = _target(state, account_id, market_id)
    grouped = margin.by_underlying(state, account.positions)
    equity = account.cash + margin.total_collateral(state, account.collateral)
    equity += sum(margin.unrealised(*entry) for entries in grouped.values() for entry in entries)
    _, maintenance, _ = margin.requirements(grouped)
    if equity >= maintenance:
        raise Rejected(Reason.NOT_LIQUIDATABLE)
    position = account.positions.get(market_id)
    size = position.size if position else 0
    side = Side.ASK if size > 0 else Side.BID
    limit = worst_price(market, pricing.mark, side)
    has_orders = any(record.bid_quantity or record.ask_quantity for record in account.positions.values())
    does_trade = size and _meets_orders(state, market_id, side, limit)
    if not has_orders and not (does_trade and size_to_close(state, account, equity, market_id, limit)):
        raise Rejected(Reason.NOTHING_TO_LIQUIDATE)
    if account.order_epoch >= EPOCH_LIMIT:
        raise Rejected(Reason.EPOCHS_EXHAUSTED)

    # Nothing below can fail.
    if has_orders:
        account.kill_orders()
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)
    closing = size_to_close(state, account, equity, market_id, limit) if size else 0
    events: list[Event] = [Liquidated(account_id, market_id, equity, maintenance, closing, limit)]
    if closing:
        market.register = RegisterKind.LIQUIDATION
        market.register_account = account_id
        market.register_side = side
        market.register_price = limit
        market.register_remaining = closing
        events += continue_liquidation(state, market_id, market)
    return events


def continue_liquidation(state: State, market_id: int, market: Market) -> list[Event]:
    """Trade the register's liquidation against up to eight orders; closes the register when it is done."""
    account_id = market.register_account
    account = state.accounts[account_id]
    taker = Taker(account_id, market.register_side, market.register_price, market.register_remaining, 0, True)
    position = account.positions[market_id]
    state.dirty_accounts.add(account_id)
    events: list[Event] = []
    if match(state, market_id, taker, account, position, events)[0]:
        market.register_remaining = taker.remaining
        events.append(RegisterOpened(market_id, account_id, taker.remaining))
        return events
    market.close_register()
    if position.is_empty():
        del account.positions[market_id]
    if taker.remaining:
        events.append(RemainderDropped(account_id, market_id, 0, taker.remaining))
    return events


def worst_price(market: Market, mark: int, side: int) -> int:
    """Price that a liquidation of `side` accepts at worst: the mark by the slippage, rounded towards the mark."""
    slippage = market.liquidation_slippage
    if side == Side.ASK:
        return mul_div_up(mark, FACTOR_ONE - slippage, FACTOR_ONE)
    return min(mul_div_down(mark, FACTOR_ONE + slippage, FACTOR_ONE), PRICE_LIMIT - 1)


def size_to_close(state: State, account: Account, equity: int, market_id: int, limit: int) -> int:
    """Smallest size, in whole lots, that restores maintenance if all of it closes at `limit` and pays the fee.

    Zero if maintenance is met without, the whole position if no part of it suffices. In each scenario both sides are
    linear in the size closed, so each gives a bound and the largest one counts. Where other markets share the
    underlying, never more than takes the risk away that they leave: a hedge is not closed. See docs/protocol/state.md.
    """
    grouped = margin.by_underlying(state, account.positions)
    if equity >= margin.requirements(grouped)[1]:
        return 0
    market = state.markets[market_id]
    entries = grouped.pop(market.underlying)
    others = margin.requirements(grouped)[1]
    size = account.positions[market_id].size
    direction = 1 if size > 0 else -1
    factor = max(pricing.maintenance_factor for _, pricing in entries)
    pricing = _pricing(state, market_id)
    spread = abs(pricing.mark - limit) * FACTOR_ONE + limit * market.liquidation_fee
    cost_of_closing = spread * market.multiplier
    room = (equity - others - _ROUNDING_SLACK) * _SCALE
    bounds = [(room, cost_of_closing)]
    for scenario in range(SCENARIOS):
        profit = sum(position.size * priced.scan[scenario] for position, priced in entries)
        bounds.append(
            (room + factor * profit, cost_of_closing + factor * direction * pricing.scan[scenario]),
        )
    most = abs(size) if len(entries) == 1 else _risk_reducing(entries, pricing, size)
    closing = 0
    for missing, per_unit in bounds:
        if missing < 0:
            closing = max(closing, div_up(-missing, -per_unit) if per_unit < 0 else abs(size))
    return min(abs(size), div_up(min(closing, most), market.lot) * market.lot)


def _risk_reducing(entries: list[tuple[Position, Pricing]], pricing: Pricing, size: int) -> int:
    """Size to close at which what the position gains in no scenario is more than half way to the worst loss."""
    profits = [sum(position.size * priced.scan[at] for position, priced in entries) for at in range(SCENARIOS)]
    loss = max(0, -min(profits))
    direction = 1 if size > 0 else -1
    return min(
        (
            (loss + profit) // (2 * direction * risk)
            for profit, risk in zip(profits, pricing.scan, strict=True)
            if direction * risk > 0
        ),
        default=abs(size),
    )


def _target(state: State, account_id: int, market_id: int) -> tuple[Account, Market, Pricing]:
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    market = gates.market_for_orders(state, account_id, market_id)
    pricing = state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    if margin.is_stale(state, pricing.underlying) or margin.reads_stale_round(
        state, account.positions, account.collateral
    ):
        raise Rejected(Reason.STALE_MARK)
    return account, market, pricing


def _pricing(state: State, market_id: int) -> Pricing:
    pricing = state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    return pricing


def _meets_orders(state: State, market_id: int, side: int, limit: int) -> bool:
    market = state.markets[market_id]
    reference = market.best_bid if side else market.best_ask
    return reference != 0 and crosses(side, limit, state.orders[market_id][reference - 1].price)
