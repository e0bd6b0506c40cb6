"""Deleveraging: a side of a market gives up the same share of every position, at one price, settled lazily.

The position that has to go passes to the backstop first. Each account of the side that is hit closes its share against
the backstop at the event's price, when it is next touched or when anyone says so; margin counts it at once. So
positions sum to zero and cash is conserved at every step, by ordinary trades.
"""

from __future__ import annotations

from copy import copy
from typing import Final, NamedTuple

from exchange.engine import funding
from exchange.engine.equity import equity_of
from exchange.engine.fund import note_loss
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import div_down, div_up
from exchange.engine.settlement import settle
from exchange.state.account import BACKSTOP, Account, Position
from exchange.state.deleveraging import EVENT_LIMIT, SHARE_LEAST, SHARE_ONE, Deleveraging, event_key
from exchange.state.limits import CASH_SCALE
from exchange.state.market import Market
from exchange.state.state import State

LONG: Final = 0
SHORT: Final = 1


def vault(state: State) -> Account:
    """The backstop's account; an empty one that is nowhere yet until something moves into it."""
    return state.accounts.get(BACKSTOP) or Account(state.config.insurance_owner)


def open_vault(state: State) -> Account:
    """The backstop's account, opened if it is not yet."""
    state.dirty_accounts.add(BACKSTOP)
    return state.accounts.setdefault(BACKSTOP, Account(state.config.insurance_owner))


def has_any(market: Market) -> bool:
    """Whether a side of the market was ever hit."""
    return market.adl_long > 0 or market.adl_short > 0


def last_event(market: Market, size: int) -> int:
    """Number of the last event that hit positions of this sign; 0 for none."""
    return market.adl_long if size > 0 else market.adl_short if size < 0 else 0


def stamp(market: Market, position: Position) -> None:
    """Note that a position is settled; after every change that may open it or turn it round."""
    position.adl_index = last_event(market, position.size)


def is_due(state: State, account_id: int, account: Account) -> bool:
    """Whether any position of the account has a share to give up."""
    if not state.deleveragings or account_id == BACKSTOP:
        return False
    return any(
        position.size and position.adl_index != last_event(state.markets[market_id], position.size)
        for market_id, position in account.positions.items()
    )


def require_settled(state: State, account_id: int, account: Account) -> None:
    """Raise Rejected(DeleveragingDue) if the account has a share to give up."""
    if state.deleveragings and is_due(state, account_id, account):
        raise Rejected(Reason.DELEVERAGING_DUE)


class Due(NamedTuple):
    """What a position has to give up: size (positive, whole lots, rounded up), and the cash that it closes for.

    `lost` is what that cash is worse than the events' marks, at most: what may be given back. Rounded against the
    account.
    """

    size: int
    cash: int
    lost: int


def share_due(state: State, market_id: int, position: Position) -> Due:
    """What the position has to give up for all events since it was last settled."""
    market = state.markets[market_id]
    side = LONG if position.size > 0 else SHORT
    current = last_event(market, position.size)
    held, given, cash, marks, number = abs(position.size), 0, 0, 0, position.adl_index
    while number != current:
        share, paid, marked, first = SHARE_ONE, 0, 0, number + 1
        if number:
            before = state.deleveragings[event_key(market_id, side, number)]
            if before.share >= SHARE_LEAST:
                share, paid, marked, first = before.share, before.cash, before.marks, before.first
        number = state.deleveragings[event_key(market_id, side, first)].last or current
        after = state.deleveragings[event_key(market_id, side, number)]
        kept = held * after.share // share // market.lot * market.lot
        size = (held - kept) * market.multiplier
        scale = CASH_SCALE * (share - after.share)
        for_cash, at_mark = size * (after.cash - paid), size * (after.marks - marked)
        cash += div_down(for_cash, scale) if side == LONG else div_up(for_cash, scale)
        marks += div_down(at_mark, scale) if side == LONG else div_up(at_mark, scale)
        given += held - kept
        held = kept
    return Due(given, cash, max(0, marks - cash if side == LONG else cash - marks))


def settle_account(state: State, market_id: int, account_id: int, account: Account, position: Position) -> int:
    """Close the position's due share against the backstop; returns its size. Nothing here can fail."""
    market = state.markets[market_id]
    if not position.size or account_id == BACKSTOP or position.adl_index == last_event(market, position.size):
        return 0
    due = share_due(state, market_id, position)
    given = due.size
    sells = position.size > 0
    if given:
        relief = _relief(state, market_id, account, position, due)
        cash = due.cash + relief if sells else due.cash - relief
        if relief:
            _bear(state, market, relief)
        signed = -given if sells else given
        trade(state, market_id, BACKSTOP, -signed, cash)
        _trade_one_side(state, market_id, account_id, account, position, signed, cash)
        if sells:
            market.adl_long_size -= min(given, market.adl_long_size)
            market.adl_long_cash = max(0, market.adl_long_cash - cash) if market.adl_long_size else 0
        else:
            market.adl_short_size -= min(given, market.adl_short_size)
            market.adl_short_cash = max(0, market.adl_short_cash - cash) if market.adl_short_size else 0
    stamp(market, position)
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)
    return given


def settled_view(state: State, account_id: int) -> Account:
    """The account as if all its due shares were given up, and the backstop as if all accounts had."""
    if account_id == BACKSTOP:
        return _settled_backstop(state, vault(state))
    account = state.accounts[account_id]
    if not is_due(state, account_id, account):
        return account
    view = copy(account)
    view.positions = {market_id: copy(position) for market_id, position in account.positions.items()}
    for market_id, position in list(view.positions.items()):
        market = state.markets[market_id]
        if position.size and position.adl_index != last_event(market, position.size):
            due = share_due(state, market_id, position)
            if due.size:
                relief = _relief(state, market_id, view, position, due)
                sells = position.size > 0
                cash = due.cash + relief if sells else due.cash - relief
                _book(state, market, market_id, view, position, -due.size if sells else due.size, cash)
            if position.is_empty():
                del view.positions[market_id]
    return view


def backstop_size(state: State, market_id: int) -> int:
    """The backstop's own position: what accounts have still to take over from it is not."""
    market = state.markets[market_id]
    position = vault(state).positions.get(market_id)
    return (position.size if position else 0) + market.adl_long_size - market.adl_short_size


def side_size(state: State, market_id: int, side: int) -> int:
    """What all accounts but the backstop hold on a side, shares they have still to give up taken off."""
    market = state.markets[market_id]
    position = vault(state).positions.get(market_id)
    held = position.size if position else 0
    if side == LONG:
        return market.open_interest - max(0, held) - market.adl_long_size
    return market.open_interest - max(0, -held) - market.adl_short_size


def hit(state: State, market_id: int, side: int, size: int, price: int) -> int:
    """Take `size` off a side, the same share of every position, at a price; returns the event's number.

    `size` is at most `side_size`. The backstop holds the other end already.
    """
    market = state.markets[market_id]
    whole = side_size(state, market_id, side)
    number = (market.adl_long if side == LONG else market.adl_short) + 1
    share, cash, marks, first = SHARE_ONE, 0, 0, number
    if number > 1:
        before = state.deleveragings[event_key(market_id, side, number - 1)]
        if before.share >= SHARE_LEAST:
            share, cash, marks, first = before.share, before.cash, before.marks, before.first
    left = share * (whole - size) // whole
    pricing = state.pricing[market_id]
    cash += (share - left) * price
    marks += (share - left) * (price if pricing is None else pricing.mark)
    event = Deleveraging(first, 0, left, cash, marks, price, size, state.header.clock)
    state.deleveragings[event_key(market_id, side, number)] = event
    state.dirty_deleveragings.add(event_key(market_id, side, number))
    if left < SHARE_LEAST:
        state.deleveragings[event_key(market_id, side, first)].last = number
        state.dirty_deleveragings.add(event_key(market_id, side, first))
    value = price * size * market.multiplier // CASH_SCALE
    if side == LONG:
        market.adl_long, market.adl_long_size = number, market.adl_long_size + size
        market.adl_long_cash += value
    else:
        market.adl_short, market.adl_short_size = number, market.adl_short_size + size
        market.adl_short_cash += value
    state.dirty_markets.add(market_id)
    return number


def has_events_left(market: Market, side: int) -> bool:
    """Whether another event of a side has a number."""
    return (market.adl_long if side == LONG else market.adl_short) < EVENT_LIMIT - 1


def trade(state: State, market_id: int, account_id: int, signed: int, cash: int) -> None:
    """One side of a trade outside the book: position, open interest, funding and stamp; drops an empty record."""
    account = open_vault(state) if account_id == BACKSTOP else state.accounts[account_id]
    position = account.positions.setdefault(market_id, Position())
    _trade_one_side(state, market_id, account_id, account, position, signed, cash)
    if position.is_empty():
        del account.positions[market_id]


def _trade_one_side(  # noqa: PLR0913, PLR0917
    state: State, market_id: int, account_id: int, account: Account, position: Position, signed: int, cash: int
) -> None:
    market = state.markets[market_id]
    before = max(0, position.size)
    pricing = state.pricing[market_id]
    index = 0 if pricing is None else pricing.funding_index
    if position.funding_index != index:
        funding.settle(market, account, position, index)
    settle(account, position, signed, cash)
    market.open_interest += max(0, position.size) - before
    stamp(market, position)
    state.dirty_accounts.add(account_id)
    state.dirty_markets.add(market_id)


def _book(  # noqa: PLR0913, PLR0917
    state: State, market: Market, market_id: int, view: Account, position: Position, signed: int, cash: int
) -> None:
    pricing = state.pricing[market_id]
    if pricing is not None:
        view.cash -= funding.owed(position, pricing.funding_index)
        position.funding_index = pricing.funding_index
    settle(view, position, signed, cash)
    stamp(market, position)


def _settled_backstop(state: State, account: Account) -> Account:
    view = copy(account)
    view.positions = {market_id: copy(position) for market_id, position in account.positions.items()}
    for market_id in sorted(view.positions):
        market, position = state.markets[market_id], view.positions[market_id]
        if market.adl_long_size:
            _book(state, market, market_id, view, position, market.adl_long_size, market.adl_long_cash)
        if market.adl_short_size:
            _book(state, market, market_id, view, position, -market.adl_short_size, market.adl_short_cash)
        if position.is_empty():
            del view.positions[market_id]
    return view


def _relief(state: State, market_id: int, account: Account, position: Position, due: Due) -> int:
    """What of its share an account that would end below zero gets back: no more than the events took from it.

    So deleveraging makes nobody owe, and pays for nothing that an account lost elsewhere.
    """
    pricing = state.pricing[market_id]
    if pricing is None or not due.lost:
        return 0
    value = due.size * pricing.value
    change = due.cash - div_up(value, CASH_SCALE) if position.size > 0 else div_down(value, CASH_SCALE) - due.cash
    return min(due.lost, max(0, -(equity_of(state, account) + change)))


def _bear(state: State, market: Market, relief: int) -> None:
    """What an account could not give the venue bears: the insurance fund first, then the backstop, within its cap."""
    fund, backstop = state.accounts[0], open_vault(state)
    paid = min(relief, max(0, fund.cash))
    fund.cash -= paid
    backstop.cash += paid
    market.backstop_used += relief - paid
    note_loss(state)
    state.dirty_accounts.add(0)
