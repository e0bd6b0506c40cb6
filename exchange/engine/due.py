"""What has to happen next on some markets, and what would make room for a step that was refused.

For whoever keeps the venue going: all of these steps are permissionless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from exchange.engine import backstop, book, bulk, deleveraging, expiring, gates, margin, settling, steps
from exchange.engine.events import Event, RoundFlipped
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.steps import StepKind
from exchange.state.account import BACKSTOP
from exchange.state.limits import MAKERS_PER_STEP
from exchange.state.market import MarketStatus
from exchange.state.state import State

REMEDIES_MAX: Final = 64
"""Steps that make room for a refused one, before it is refused for good."""

T = TypeVar("T")


def with_remedies(state: State, step: bytes, run: Callable[[bytes], T]) -> T:
    """Have `run` execute a step; where dead orders or a cancel-all that has come are in its way, those first.

    Raises Rejected.
    """
    for _ in range(REMEDIES_MAX):
        try:
            return run(step)
        except Rejected as rejected:
            cure = remedy(state, step, rejected.reason)
            if cure is None:
                raise
        run(cure)
    return run(step)


def markets_after(state: State, events: Iterable[Event]) -> set[int]:
    """Markets on which something may be due after a step with these events."""
    flipped = (state.markets_of[event.underlying] for event in events if isinstance(event, RoundFlipped))
    return state.dirty_markets.union(*flipped)


def run_due(state: State, markets: Iterable[int], run: Callable[[bytes], Iterable[Event]]) -> list[Event]:
    """Have `run` execute what is due: unfinished orders and envelopes, crossed triggers. All else waits for it."""
    events: list[Event] = []
    involved = set(markets)
    while (step := due_step(state, sorted(involved))) is not None:
        events += run(step)
        involved |= state.dirty_markets
    return events


def due_step(state: State, markets: Iterable[int]) -> bytes | None:
    """The step that must come before any order on these markets, None if there is none.

    Unfinished orders first, then an unfinished envelope, then crossed triggers.
    """
    listed = list(markets)
    for market in listed:
        if state.markets[market].register:
            return steps.continue_register(market)
    account_id = state.header.envelope_account
    if account_id:
        waits_for = bulk.market_waited_for(state, account_id)
        return steps.continue_bulk(account_id) if waits_for is None else steps.continue_register(waits_for)
    for market in listed:
        if gates.due_trigger(state, market):
            return steps.trigger(market)
    return None


def liquidation_steps(state: State, account_id: int) -> list[bytes]:
    """What may be due of an account, in the waterfall's order: a step that is not is refused.

    A share to give up first; then for each market book, backstop, deleveraging; the fund last.
    """
    account = state.accounts[account_id]
    if deleveraging.is_due(state, account_id, account):
        return [steps.settle_deleveraging(account_id)]
    if not account.positions:
        return [steps.cover(account_id)] if account.cash < 0 and account_id else []
    try:
        report = margin.assess(state, account_id)
    except Rejected:
        return []
    if report.stale or not report.is_liquidatable:
        return []
    makers = (steps.liquidate, steps.backstop, steps.deleverage)
    return [make(account_id, market) for market in sorted(account.positions) for make in makers]


def venue_steps(state: State) -> list[bytes]:
    """What may be due of the markets: unfinished orders, triggers, expiries, payments, and the backstop's positions."""
    found = [step for market in range(len(state.markets)) if (step := due_step(state, [market])) is not None]
    for underlying in range(len(state.underlyings)):
        expiry = expiring.due_expiry(state, underlying)
        if expiry is not None:
            found.append(steps.settle_expiry(expiry, *expiring.markets_to_end(state, expiry)))
    for market in range(len(state.markets)):
        paid = settling.accounts_to_pay(state, market)
        if paid:
            found.append(steps.settle_positions(market, paid))
    vault = state.accounts.get(BACKSTOP)
    for market in sorted(vault.positions) if vault is not None else ():
        found.append(steps.unwind(market))
        if backstop.must_shed(state, market):
            found.append(steps.deleverage(BACKSTOP, market))
    return found


def remedy(state: State, step: bytes, reason: Reason) -> bytes | None:
    """A step after which a refused order may be taken: a cancel-all that has come, or dead orders in its way."""
    if reason == Reason.DELEVERAGING_DUE:
        return steps.settle_deleveraging(int.from_bytes(step[1:5], "big"))
    if reason == Reason.CANCEL_ALL_DUE:
        return steps.cancel_due(int.from_bytes(step[1:5], "big"))
    if reason == Reason.DEAD_ORDERS_AHEAD and step[0] in (StepKind.PLACE_ORDER, StepKind.PLACE_SPECIAL):
        market, side = int.from_bytes(step[7:9], "big"), step[9]
        dead = dead_at_front(state, market, 1 - side)
        return steps.sweep(market, dead) if dead else None
    return None


def dead_at_front(state: State, market_id: int, side: int) -> list[int]:
    """Slots of the dead orders among the first eight of a side."""
    market, slots = state.markets[market_id], state.orders[market_id]
    reference = market.best_ask if side else market.best_bid
    found: list[int] = []
    for _ in range(MAKERS_PER_STEP):
        if not reference:
            break
        order = slots[reference - 1]
        if book.is_dead(state, market, order):
            found.append(reference - 1)
        reference = order.next
    return found


def orders_to_sweep(state: State, market_id: int) -> list[int]:
    """Slots of up to eight orders of a market that is over, which hold up nothing but their owners' records."""
    market = state.markets[market_id]
    if market.status < MarketStatus.EXPIRED:
        return []
    found: list[int] = []
    for head in (market.best_bid, market.best_ask, market.trigger_above, market.trigger_below):
        reference = head
        while reference and len(found) < MAKERS_PER_STEP:
            found.append(reference - 1)
            reference = state.orders[market_id][reference - 1].next
    return found
