"""What an account and the insurance fund can pay together, and where that leaves the price of a liquidation.

No liquidation closes a position at a price that neither of them can pay: beyond it the book gets nothing, and the other
side of the market takes the position over at exactly that price.
"""

from __future__ import annotations

from typing import NamedTuple

from exchange.engine.equity import total_collateral
from exchange.engine.events import Covered, Event
from exchange.engine.requirements import market_loss
from exchange.engine.rounding import div_down, div_up
from exchange.state.account import Account, Position
from exchange.state.limits import CASH_SCALE, PRICE_LIMIT
from exchange.state.market import Market
from exchange.state.pricing import Pricing
from exchange.state.state import State


class Deficit(NamedTuple):
    """A market's part of what an account lacks, in cash: the fund pays `insured`, the other side `uncovered`."""

    insured: int
    uncovered: int


def budget(state: State, view: Account, equity: int, market_id: int) -> int:
    """What closing the account's position may lose against the mark, in cash; negative if it has to gain.

    All that account and fund have, or where that is less than nothing, this market's part of what they lack.
    """
    have = equity + max(0, state.accounts[0].cash)
    return have if have >= 0 else -_part(state, view, -have, market_id)


def deficit(state: State, view: Account, equity: int, market_id: int) -> Deficit:
    """Split a market's part of a negative equity between the fund and the other side of the market."""
    lacking = max(0, -equity)
    uncovered = _part(state, view, max(0, lacking - max(0, state.accounts[0].cash)), market_id)
    return Deficit(max(0, _part(state, view, lacking, market_id) - uncovered), uncovered)


def bounded(price: int, allowed: int, size: int, market: Market, mark: int) -> int:
    """A price for closing `size`, drawn towards the mark (or past it) until it loses no more than `allowed`."""
    shift = div_down(allowed * CASH_SCALE, abs(size) * market.multiplier)
    if size > 0:
        return min(PRICE_LIMIT - 1, max(price, mark - shift))
    return max(1, min(price, mark + shift))


def bankruptcy_cash(size: int, uncovered: int, pricing: Pricing) -> int:
    """Cash for which a whole position closes so that the account gains exactly `uncovered` over the mark.

    A short cannot gain more than the whole of what it would pay.
    """
    value = size * pricing.value // CASH_SCALE
    return value + uncovered if size > 0 else max(0, -value - uncovered)


def price_of(cash: int, size: int, market: Market) -> int:
    """The price of that cash per unit, rounded for the account that closes: the other side pays what rounding takes."""
    divisor = abs(size) * market.multiplier
    if size > 0:
        return min(PRICE_LIMIT - 1, div_up(cash * CASH_SCALE, divisor))
    return div_down(cash * CASH_SCALE, divisor)


def pay_debt(state: State, account_id: int, account: Account) -> list[Event]:
    """Pay at once, as far as the fund can, what an account without positions lacks beyond its collateral."""
    if account.positions or account.cash >= 0:
        return []
    paid = grant(state, account_id, account, -account.cash - total_collateral(state, account.collateral))
    return [Covered(account_id, (), paid, paid)] if paid else []


def grant(state: State, account_id: int, account: Account, amount: int) -> int:
    """Give an account cash of the fund towards what it lacks; returns how much. What is worth nothing it forfeits."""
    fund = state.accounts[0]
    paid = min(amount, fund.cash)
    if paid <= 0:
        return 0
    account.cash += paid
    fund.cash -= paid
    for asset_id, held in sorted(account.collateral.items()):
        if not total_collateral(state, {asset_id: held}):
            fund.collateral[asset_id] = fund.collateral.get(asset_id, 0) + account.collateral.pop(asset_id)
    state.dirty_accounts.update((0, account_id))
    return paid


def _part(state: State, view: Account, amount: int, market_id: int) -> int:
    """A market's part of an amount, in proportion to what the markets require (dYdX's rule); rounded up."""
    losses = {
        held_id: market_loss(Position(size=position.size), pricing)
        for held_id, position in view.positions.items()
        if position.size and (pricing := state.pricing[held_id]) is not None
    }
    total = sum(losses.values())
    return div_up(amount * losses.get(market_id, 0), total) if total else amount
