"""What a step of a campaign may do to margins: nobody's open orders lack margin, no liquidation leaves a new debt."""

from __future__ import annotations

from typing import NamedTuple

from exchange.engine import Event, Liquidated, Rejected, assess
from exchange.engine.margin import MarginReport, scan_loss_alone
from exchange.engine.resting import hidden_loss
from exchange.engine.steps import StepKind
from exchange.state import OrderFlag, State
from exchange.state.account import BACKSTOP
from exchange.state.market import RegisterKind
from exchange.state.order import FREE, Order

_TRADING = frozenset(
    {
        *(StepKind.PLACE_ORDER, StepKind.PLACE_SPECIAL, StepKind.REPLACE, StepKind.PLACE_BULK, StepKind.CONTINUE),
        *(StepKind.CONTINUE_BULK, StepKind.TRIGGER, StepKind.CANCEL_ORDER, StepKind.CANCEL_CLIENT, StepKind.SWEEP),
        *(StepKind.WITHDRAW, StepKind.TRANSFER, StepKind.LOCK_CASH, StepKind.QUEUE_WITHDRAWAL, StepKind.SET_FLAGS),
    }
)
"""Steps that move no price: after them, whoever lacks margin requires no more than before."""

_CLOSING = frozenset({StepKind.LIQUIDATE, StepKind.BACKSTOP, StepKind.DELEVERAGE, StepKind.CONTINUE})
_ROUNDING = 2
"""Cash units by which requirements of a market and results of a trade may round."""


class Margins(NamedTuple):
    """Margin of every account before a step, and whose liquidation is unfinished.

    `needs` is the initial requirement and what limits of one side hide by their average, at most: a cancel may uncover
    it, and others' orders bound it, so that either number may rise alone.
    """

    reports: dict[int, MarginReport]
    needs: dict[int, int]
    fund: int
    unfinished: frozenset[int]


def margins(state: State) -> Margins:
    """Margins of all accounts now; an account without a mark is left out."""
    reports, needs = {}, {}
    for account_id, account in state.accounts.items():
        try:
            report = assess(state, account_id)
        except Rejected:
            continue
        reports[account_id] = report
        needs[account_id] = report.initial + hidden_loss(state, account_id, account.positions)
    unfinished = frozenset(
        market.register_account for market in state.markets if market.register == RegisterKind.LIQUIDATION
    )
    return Margins(reports, needs, state.accounts[0].cash, unfinished)


def check_step(state: State, before: Margins, step: bytes, events: list[Event]) -> None:
    """Compare the margins after a step that was taken with those before it."""
    after = margins(state)
    if step[0] in _TRADING:
        # The backstop has no orders, and takes what others' shares of a deleveraging leave of a lot as they trade.
        for account_id in (after.reports.keys() & before.reports.keys()) - {BACKSTOP}:
            check_no_order_without_margin(state, account_id, before, after)
    if step[0] in _CLOSING:
        closed = {event.account for event in events if isinstance(event, Liquidated)} | before.unfinished
        for account_id in closed & before.reports.keys() & after.reports.keys():
            check_no_new_debt(state, account_id, before, after)


def check_no_order_without_margin(state: State, account_id: int, before: Margins, after: Margins) -> None:
    """Positions and open orders are margined, or require no more than they did."""
    report = after.reports[account_id]
    if report.backing >= report.initial:
        return
    slack = _ROUNDING * (1 + len(state.accounts[account_id].positions))
    rises = [report.initial - before.reports[account_id].initial, after.needs[account_id] - before.needs[account_id]]
    assert min(rises) <= slack, f"account {account_id} requires more and has too little: {report}"


def check_no_new_debt(state: State, account_id: int, before: Margins, after: Margins) -> None:
    """What an account was liquidated for, it and the fund could pay; without positions it owes only what nobody has."""
    had = before.reports[account_id].equity + before.fund
    has = after.reports[account_id].equity + after.fund
    slack = _ROUNDING * (2 + len(state.accounts[account_id].positions))
    assert has >= min(0, had) - slack, f"account {account_id} was liquidated into a debt: {had} before, {has} after"
    if not state.accounts[account_id].positions:
        assert after.reports[account_id].equity >= 0 or after.fund == 0


def check_worst_sides(state: State) -> None:
    """The scan loss is at least what each side could lose, order by order, those that only reduce before the others."""
    for market_id, slots in enumerate(state.orders):
        pricing = state.pricing[market_id]
        if pricing is None:
            continue
        sides: dict[int, tuple[list[Order], list[Order]]] = {}
        for order in slots:
            if order.side != FREE and not order.trigger and order.epoch == state.accounts[order.account].order_epoch:
                sides.setdefault(order.account, ([], []))[order.side].append(order)
        for account_id, both in sides.items():
            position = state.accounts[account_id].positions[market_id]
            ends = [position.size, *(_position_after(position.size, orders) for orders in both)]
            loss = max(-end * risk for end in ends for risk in pricing.scan)
            assert scan_loss_alone(position, pricing) >= loss, f"account {account_id} in market {market_id}"


def _position_after(size: int, orders: list[Order]) -> int:
    for order in sorted(orders, key=lambda order: not order.flags & OrderFlag.REDUCE_ONLY):
        quantity = order.remaining + order.hidden
        if order.flags & OrderFlag.REDUCE_ONLY:
            quantity = min(quantity, max(0, size if order.side else -size))
        size += -quantity if order.side else quantity
    return size
