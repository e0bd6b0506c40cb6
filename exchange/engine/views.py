"""Reads of the venue for the outside."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.engine import equity
from exchange.engine.book import is_dead
from exchange.state.lock import LockStatus
from exchange.state.order import FREE, Side
from exchange.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Sum of the live orders at a price; price in 1e-8 USD, size in 1e-8."""

    price: int
    size: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """A market's live book, best first."""

    market: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """A live order; `slot` and `sequence` name it for a cancel.

    `shown` is what of `remaining` the book shows; `trigger` (0: it rests in the book) is the mark it waits for.
    """

    market: int
    slot: int
    sequence: int
    account: int
    side: Side
    price: int
    remaining: int
    nonce: int
    expiry: int
    trigger: int = 0
    shown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """A position at the active round's mark; sizes in 1e-8, cash in 1e-6 USD, `mark` in 1e-8 USD (None: no round)."""

    market: int
    size: int
    cost: int
    mark: int | None
    unrealised: int
    bid_quantity: int
    ask_quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Cash in 1e-6 USD and collateral by asset id in base units."""

    cash: int
    collateral: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReport:
    """A hash lock; `amount` in 1e-6 USD, `deadline` in seconds."""

    lock: int
    account: int
    payee: int
    amount: int
    hash: bytes
    deadline: int
    status: LockStatus


def depth(state: State, market: int, levels: int = 20) -> Depth:
    """Best `levels` price levels of each side, without dead orders. Raises IndexError for an unknown market."""
    leaf = state.markets[market]
    return Depth(
        market=market,
        bids=_levels(state, market, leaf.best_bid, levels),
        asks=_levels(state, market, leaf.best_ask, levels),
    )


def open_orders(state: State, account: int, market: int | None = None) -> list[OpenOrder]:
    """Live orders of an account, by market and slot; reads every slot of the markets asked for."""
    found: list[OpenOrder] = []
    leaf = state.accounts[account]
    for market_id in range(len(state.markets)) if market is None else (market,):
        position = leaf.positions.get(market_id)
        if not leaf.trigger_count and (position is None or not (position.bid_quantity or position.ask_quantity)):
            continue
        listed = state.markets[market_id]
        found += [
            OpenOrder(
                market=market_id,
                slot=slot,
                sequence=order.sequence,
                account=account,
                side=Side(order.side),
                price=order.price,
                remaining=order.remaining + order.hidden,
                nonce=order.nonce,
                expiry=order.expiry,
                trigger=order.trigger,
                shown=order.remaining,
            )
            for slot, order in enumerate(state.orders[market_id])
            if order.side != FREE and order.account == account and not is_dead(state, listed, order)
        ]
    return found


def positions(state: State, account: int) -> list[PositionReport]:
    """Position records of an account, ascending by market."""
    reports: list[PositionReport] = []
    for market_id, position in sorted(state.accounts[account].positions.items()):
        pricing = state.pricing[market_id]
        reports.append(
            PositionReport(
                market=market_id,
                size=position.size,
                cost=position.cost,
                mark=None if pricing is None else pricing.mark,
                unrealised=0 if pricing is None else equity.unrealised(position, pricing),
                bid_quantity=position.bid_quantity,
                ask_quantity=position.ask_quantity,
            )
        )
    return reports


def balances(state: State, account: int) -> Balances:
    """What an account holds."""
    leaf = state.accounts[account]
    return Balances(cash=leaf.cash, collateral=dict(sorted(leaf.collateral.items())))


def lock_report(state: State, lock: int) -> LockReport:
    """One lock, open or not. Raises IndexError for an unknown one."""
    if lock < 0:
        raise IndexError(lock)
    leaf = state.locks[lock]
    return LockReport(
        lock=lock,
        account=leaf.account,
        payee=leaf.payee,
        amount=leaf.amount,
        hash=leaf.hash,
        deadline=leaf.deadline,
        status=LockStatus(leaf.status),
    )


def locks_of(state: State, account: int) -> list[LockReport]:
    """Open locks from or for an account, by id. Looks at every lock."""
    return [
        lock_report(state, lock)
        for lock, leaf in enumerate(state.locks)
        if leaf.status == LockStatus.OPEN and account in {leaf.account, leaf.payee}
    ]


def account_of(state: State, owner: bytes) -> int | None:
    """Main account of an owner's address, None if it has none. Looks at every account."""
    for account_id in range(state.header.account_count):
        if state.accounts[account_id].owner == owner:
            return account_id
    return None


def _levels(state: State, market: int, reference: int, limit: int) -> tuple[Level, ...]:
    slots = state.orders[market]
    found: list[Level] = []
    price = size = count = 0
    while reference:
        order = slots[reference - 1]
        reference = order.next
        if is_dead(state, state.markets[market], order):
            continue
        if order.price != price:
            if count:
                found.append(Level(price=price, size=size, orders=count))
                if len(found) == limit:
                    return tuple(found)
            price, size, count = order.price, 0, 0
        size += order.remaining
        count += 1
    if count:
        found.append(Level(price=price, size=size, orders=count))
    return tuple(found[:limit])
