"""Backstop, Unwind and Deleverage: where a position goes that the book does not take at a bounded price."""

from __future__ import annotations

from copy import copy

from exchange.engine import deleveraging, margin, means, steps, waterfall
from exchange.engine.deleveraging import LONG, SHORT, backstop_size
from exchange.engine.equity import equity_of, unrealised
from exchange.engine.events import BackstopTook, Deleveraged, DeleveragingSettled, Event, Liquidated
from exchange.engine.fund import note_loss
from exchange.engine.liquidation import continue_liquidation, open_liquidation
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import div_down, div_up
from exchange.engine.settlement import settle
from exchange.engine.signatures import Signatures
from exchange.engine.waterfall import Target
from exchange.state.account import BACKSTOP, Position
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, POSITIONS_PER_ACCOUNT
from exchange.state.market import Market, MarketKind
from exchange.state.order import Side
from exchange.state.pricing import Pricing
from exchange.state.state import State


def backstop(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Let the backstop vault take a position over, at the price a liquidation accepts at worst.

    Permissionless, where no resting order is within that price, or where half of maintenance is gone. Only as much as
    restores maintenance, as the vault's own margin allows, and as keeps its possible loss in the market within the cap.
    Raises Rejected with nothing changed.
    """
    if len(step) != steps.LIQUIDATE.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, market_id = steps.LIQUIDATE.unpack(step)
    target = waterfall.target(state, account_id, market_id)
    if waterfall.meets_orders(state, market_id, target.side, target.limit) and not target.is_critical:
        raise Rejected(Reason.BOOK_COMES_FIRST)
    size = size_for_backstop(state, target)
    if not size:
        raise Rejected(Reason.BACKSTOP_EXHAUSTED)

    # Nothing below can fail.
    waterfall.kill_orders(state, target)
    if target.equity < 0:
        note_loss(state)
    cash = _cash_against(target, size, target.limit)
    signed = size if target.size < 0 else -size
    is_slice = size == target.closing
    deleveraging.trade(state, market_id, account_id, signed, cash)
    before = deleveraging.vault(state).cash
    deleveraging.trade(state, market_id, BACKSTOP, -signed, cash)
    _count_loss(state, market_id, before)
    fee = div_up(cash * target.fee, FACTOR_ONE)
    target.account.cash -= fee
    state.accounts[0].cash += fee
    state.dirty_accounts.add(0)
    if is_slice and market_id in target.account.positions:
        waterfall.note_slice(state, target.account.positions[market_id], target.market)
    return [
        Liquidated(account_id, market_id, target.equity, target.maintenance, size, target.limit),
        BackstopTook(account_id, market_id, -signed, target.limit, cash, fee),
        *means.pay_debt(state, account_id, target.account),
    ]


def size_for_backstop(state: State, target: Target) -> int:
    """What of a position the backstop can take over now, in whole lots; 0 if nothing."""
    market, pricing = target.market, target.pricing
    if target.account_id == BACKSTOP or not target.size or market.adl_long_size or market.adl_short_size:
        return 0
    vault = deleveraging.vault(state)
    if target.market_id not in vault.positions and len(vault.positions) >= POSITIONS_PER_ACCOUNT:
        return 0
    own = backstop_size(state, target.market_id)
    room = max(0, market.backstop_cap - _loss_so_far(state, target.market_id))
    worst = max(-pricing.low, pricing.high, 1)
    above = pricing.mark - target.limit if target.size < 0 else target.limit - pricing.mark
    worst += max(0, above) * market.multiplier
    bearable = room * CASH_SCALE // worst
    bearable = max(0, bearable - abs(own)) if own * target.size >= 0 else bearable + abs(own)
    closing = target.closing
    size = min(closing, bearable // market.lot * market.lot)
    if not size:
        return 0
    view = copy(deleveraging.settled_view(state, BACKSTOP))
    trial = copy(view.positions.get(target.market_id) or Position(funding_index=pricing.funding_index))
    settle(view, trial, size if target.size > 0 else -size, _cash_against(target, size, target.limit))
    try:
        margin.require_initial(state, view, target.market_id, trial, 0)
    except Rejected:
        return 0
    return size


def unwind(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Sell what the backstop holds in a market into the book, at `unwind_price` or better. Permissionless.

    Raises Rejected with nothing changed.
    """
    if len(step) != steps.MARKET_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id = steps.MARKET_STEP.unpack(step)
    market, pricing = waterfall.tradable(state, market_id)
    size = backstop_size(state, market_id)
    side = int(Side.ASK if size > 0 else Side.BID)
    if not size or market.adl_long_size or market.adl_short_size:
        raise Rejected(Reason.NOTHING_TO_UNWIND)
    limit = unwind_price(state, market, pricing, side)
    if not waterfall.meets_orders(state, market_id, side, limit):
        raise Rejected(Reason.NOTHING_TO_UNWIND)
    state.dirty_markets.add(market_id)
    open_liquidation(market, BACKSTOP, side, limit, abs(size))
    return continue_liquidation(state, market_id, market)


def unwind_price(state: State, market: Market, pricing: Pricing, side: int) -> int:
    """The worst price at which the backstop sells (or buys back) what it holds.

    The mark, or the index where that is better: our own book, which moves a perpetual's mark, must not make it cheap.
    Later than in the second of the round it is better by the slippage of liquidations: whoever knows how the price has
    moved since shall not find the vault at the old one.
    """
    fair = pricing.mark
    if market.kind == MarketKind.PERPETUAL:
        index = state.underlyings[market.underlying].round_price
        fair = max(fair, index) if side == Side.ASK else min(fair, index)
    if state.header.clock > pricing.time:
        return waterfall.worst_price(market, fair, 1 - side, pricing.width)
    return fair


def deleverage(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Close a position against the other side of its market, pro rata.

    That of an account that is worth less than nothing, which neither book nor backstop takes, or of the backstop, when
    it has lost its cap or all it has. The price is the mark, worse for the other side by exactly what the insurance
    fund cannot pay: the account ends with what the market's part of its deficit leaves, nothing if it is the only one.
    Permissionless. Raises Rejected with nothing changed.
    """
    if len(step) != steps.LIQUIDATE.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id, market_id = steps.LIQUIDATE.unpack(step)
    if account_id == BACKSTOP:
        return _shed(state, market_id)
    target = waterfall.target(state, account_id, market_id)
    if target.equity >= 0 or not target.size:
        raise Rejected(Reason.NOT_BANKRUPT)
    if waterfall.meets_orders(state, market_id, target.side, target.limit):
        raise Rejected(Reason.BOOK_COMES_FIRST)
    if size_for_backstop(state, target):
        raise Rejected(Reason.BACKSTOP_COMES_FIRST)
    side = SHORT if target.size > 0 else LONG
    own = backstop_size(state, market_id)
    absorbed = min(abs(own), abs(target.size)) if own * target.size < 0 else 0
    excess = abs(target.size) - absorbed
    _require_side(state, market_id, side, excess)
    vault = deleveraging.vault(state)
    if market_id not in vault.positions and len(vault.positions) >= POSITIONS_PER_ACCOUNT:
        raise Rejected(Reason.TOO_MANY_POSITIONS)

    # Nothing below can fail.
    waterfall.kill_orders(state, target)
    note_loss(state)
    size, lacking = abs(target.size), means.deficit(state, target.view, target.equity, market_id)
    cash = means.bankruptcy_cash(target.size, lacking.uncovered, target.pricing)
    price = means.price_of(cash, target.size, target.market)
    deleveraging.trade(state, market_id, account_id, -target.size, cash)
    before = vault.cash
    deleveraging.trade(state, market_id, BACKSTOP, target.size, cash)
    _count_loss(state, market_id, before)
    number = deleveraging.hit(state, market_id, side, excess, price) if excess else 0
    paid = means.grant(state, account_id, target.account, lacking.insured)
    return [
        Liquidated(account_id, market_id, target.equity, target.maintenance, size, price),
        Deleveraged(account_id, market_id, side, number, excess, price, paid),
    ]


def settle_deleveraging(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Close what an account has to give up in all its markets. Permissionless. Raises Rejected with nothing changed."""
    if len(step) != steps.ACCOUNT_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id = steps.ACCOUNT_STEP.unpack(step)
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    if not deleveraging.is_due(state, account_id, account):
        raise Rejected(Reason.NOTHING_DUE)
    if any(state.pricing[market_id] is None for market_id in account.positions):
        raise Rejected(Reason.NO_MARK)
    events: list[Event] = []
    for market_id, position in sorted(account.positions.items()):
        given = deleveraging.settle_account(state, market_id, account_id, account, position)
        if given:
            events.append(DeleveragingSettled(account_id, market_id, given, position.size))
        if position.is_empty():
            del account.positions[market_id]
    return events


def exceeds_cap(state: State, market_id: int) -> bool:
    """Whether the backstop has lost more in a market than its cap."""
    market = state.markets[market_id]
    return _loss_so_far(state, market_id) > market.backstop_cap


def must_shed(state: State, market_id: int) -> bool:
    """Whether the backstop's position in a market goes to the traders: its cap there is lost, or all it has."""
    if not backstop_size(state, market_id):
        return False
    return exceeds_cap(state, market_id) or equity_of(state, deleveraging.settled_view(state, BACKSTOP)) < 0


def _shed(state: State, market_id: int) -> list[Event]:
    market, pricing = waterfall.tradable(state, market_id)
    waterfall.require_grace_over(state, market_id)
    size = backstop_size(state, market_id)
    if market.adl_long_size or market.adl_short_size or not must_shed(state, market_id):
        raise Rejected(Reason.NOT_BANKRUPT)
    if waterfall.meets_orders(state, market_id, int(Side.ASK if size > 0 else Side.BID), pricing.mark):
        raise Rejected(Reason.BOOK_COMES_FIRST)
    side = SHORT if size > 0 else LONG
    _require_side(state, market_id, side, abs(size))
    vault = deleveraging.open_vault(state)
    view = deleveraging.settled_view(state, BACKSTOP)
    lacking = means.deficit(state, view, equity_of(state, view), market_id)
    note_loss(state)
    price = pricing.mark
    if lacking.uncovered:
        price = means.price_of(means.bankruptcy_cash(size, lacking.uncovered, pricing), size, market)
    number = deleveraging.hit(state, market_id, side, abs(size), price)
    paid = means.grant(state, BACKSTOP, vault, lacking.insured)
    return [Deleveraged(BACKSTOP, market_id, side, number, abs(size), price, paid)]


def _require_side(state: State, market_id: int, side: int, size: int) -> None:
    market = state.markets[market_id]
    if size and size > deleveraging.side_size(state, market_id, side):
        raise Rejected(Reason.NOTHING_TO_DELEVERAGE)
    if not deleveraging.has_events_left(market, side):
        raise Rejected(Reason.NOTHING_TO_DELEVERAGE)


def _cash_against(target: Target, size: int, price: int) -> int:
    """Cash of a size at a price, rounded against the account."""
    amount = size * price * target.market.multiplier
    return div_down(amount, CASH_SCALE) if target.size > 0 else div_up(amount, CASH_SCALE)


def _loss_so_far(state: State, market_id: int) -> int:
    """What the backstop has lost in a market: realised by its account there, and at the mark."""
    market, pricing = state.markets[market_id], state.pricing[market_id]
    position = deleveraging.settled_view(state, BACKSTOP).positions.get(market_id)
    open_loss = -unrealised(position, pricing) if position is not None and pricing is not None else 0
    return market.backstop_used + max(0, open_loss)


def _count_loss(state: State, market_id: int, cash_before: int) -> None:
    market = state.markets[market_id]
    market.backstop_used = max(0, market.backstop_used + cash_before - deleveraging.vault(state).cash)
