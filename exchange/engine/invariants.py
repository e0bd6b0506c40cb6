"""What must hold of every state, checked from the leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exchange.engine.funding import owed
from exchange.state.account import BACKSTOP, MAIN_MASK, Position
from exchange.state.asset import AssetKind
from exchange.state.book import Book
from exchange.state.deleveraging import SHARE_ONE, event_key
from exchange.state.expiry import ExpiryStatus
from exchange.state.hash_index import HashIndex
from exchange.state.hash_use import REVEALED, use_key
from exchange.state.limits import CASH_SCALE, COLLATERALS_PER_ACCOUNT, POSITIONS_PER_ACCOUNT, SESSION_KEYS, SIZE_LIMIT
from exchange.state.lock import LockStatus
from exchange.state.market import Market, MarketKind, MarketStatus, RegisterKind
from exchange.state.order import FREE, OrderFlag, Side
from exchange.state.reservation import Reservation, ReservationStatus
from exchange.state.state import State


class InvariantError(AssertionError):
    """The state contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conservation:
    """Cash in 1e-6 USD.

    `owed` is what accounts, fees, pools, open locks, waiting withdrawals and open reservations add up to, `credited`
    what came in less what left. `waiting` has its pools in it, `reserved` bonds and rebates.
    """

    owed: int
    credited: int
    cash: int
    cost: int
    fees: int
    funding: int
    locked: int
    waiting: int
    reserved: int
    collateral: dict[int, int]
    inventory: dict[int, int]

    @property
    def difference(self) -> int:
        """Zero, or cash was made or lost."""
        return self.owed - self.credited


def conservation(state: State) -> Conservation:
    """Sums over all accounts and markets, cash together and collateral by asset."""
    accounts = state.accounts.values()
    cash = sum(account.cash for account in accounts)
    cost = sum(position.cost for account in accounts for position in account.positions.values())
    fees = sum(market.fees for market in state.markets)
    funding = sum(market.funding_pool for market in state.markets)
    locked = sum(lock.amount for lock in state.locks if lock.status == LockStatus.OPEN)
    waiting = sum(shortage.waiting + shortage.pool for shortage in state.shortages.values())
    reserved = sum(held.bond + held.rebate for held in _open_reservations(state))
    collateral: dict[int, int] = {}
    inventory: dict[int, int] = {}
    credited = 0
    for asset_id, asset in enumerate(state.assets):
        if asset.kind == AssetKind.CASH:
            credited += asset.inventory + set_aside(state, asset_id)
        else:
            inventory[asset_id] = asset.inventory
            collateral[asset_id] = sum(account.collateral.get(asset_id, 0) for account in accounts)
    return Conservation(
        owed=cash - cost + fees + funding + locked + waiting + reserved,
        credited=credited,
        cash=cash,
        cost=cost,
        fees=fees,
        funding=funding,
        locked=locked,
        waiting=waiting,
        reserved=reserved,
        collateral=collateral,
        inventory=inventory,
    )


def set_aside(state: State, asset_id: int) -> int:
    """What open reservations hold of an asset's inventory, in base units."""
    return sum(held.amount + held.rebate for held in _open_reservations(state) if held.long == asset_id)


def _open_reservations(state: State) -> list[Reservation]:
    return [held for _, held in sorted(state.reservations.items()) if held.status == ReservationStatus.OPEN]


def check(state: State) -> Conservation:
    """Check everything below and return the sums. Raises InvariantError."""
    sums = conservation(state)
    _require(sums.difference == 0, f"cash: owed {sums.owed}, credited {sums.credited}")
    _require(sums.collateral == sums.inventory, f"collateral: {sums.collateral} held, {sums.inventory} credited")
    header = state.header
    counts = (header.account_count, header.market_count, header.underlying_count, header.asset_count)
    mains = sum(account_id <= MAIN_MASK for account_id in state.accounts)
    rows = (mains, len(state.markets), len(state.underlyings), len(state.assets))
    _require(counts == rows, "the header's counts differ from the tables")
    _require(header.withdrawal_count == len(state.withdrawals), "the header's withdrawals differ from the table")
    envelopes = [account_id for account_id, account in state.accounts.items() if account.envelope is not None]
    expected = [header.envelope_account] if header.envelope_account else []
    _require(envelopes == expected, f"envelopes of {envelopes}, the header names {expected}")
    triggers: dict[int, int] = {}
    for market_id in range(len(state.markets)):
        _check_market(state, market_id, triggers)
    for account_id, account in state.accounts.items():
        owner = state.accounts[account_id & MAIN_MASK].owner
        _require(account.owner == owner, f"account {account_id}: not of its main account's owner")
        waiting = triggers.get(account_id, 0)
        _require(
            account.trigger_count == waiting,
            f"account {account_id}: {waiting} triggers, recorded {account.trigger_count}",
        )
        _require(len(account.keys) <= SESSION_KEYS, f"account {account_id}: too many keys")
        _require(len(account.positions) <= POSITIONS_PER_ACCOUNT, f"account {account_id}: too many positions")
        _require(len(account.collateral) <= COLLATERALS_PER_ACCOUNT, f"account {account_id}: too much collateral")
        _require(all(amount > 0 for amount in account.collateral.values()), f"account {account_id}: empty collateral")
        for market_id, position in account.positions.items():
            _require(not position.is_empty(), f"account {account_id}: empty record of market {market_id}")
            _require(position.size * position.cost >= 0, f"account {account_id}: cost against size in {market_id}")
    for underlying_id in range(len(state.underlyings)):
        _check_underlying(state, underlying_id)
    _check_hashes(state)
    _check_shortages(state)
    _check_deleveraging(state)
    sick = sum(asset.health for asset in state.assets)
    _require(sick == header.sick_count, f"{sick} assets on sick chains, the header has {header.sick_count}")
    return sums


def _check_deleveraging(state: State) -> None:
    """Shares only shrink, events follow each other, and what was hit is in the backstop until it is settled."""
    for market_id, market in enumerate(state.markets):
        for side, last in ((0, market.adl_long), (1, market.adl_short)):
            share = SHARE_ONE
            for number in range(1, last + 1):
                event = state.deleveragings[event_key(market_id, side, number)]
                before = SHARE_ONE if event.first == number else share
                _require(event.share <= before, f"market {market_id}: event {number} gives shares back")
                share = event.share
        for account_id, account in state.accounts.items():
            position = account.positions.get(market_id)
            if position is not None and position.size and account_id != BACKSTOP:
                last = market.adl_long if position.size > 0 else market.adl_short
                _require(
                    position.adl_index <= last, f"account {account_id}: settled beyond market {market_id}'s events"
                )


def _check_shortages(state: State) -> None:
    """Each queue holds exactly who waits, in order of arrival, and each shortage what its reservations will bring."""
    _require(state.header.waiting_count == len(state.waiting), "the header's waiting withdrawals differ from the table")
    listed: set[int] = set()
    for asset_id, shortage in sorted(state.shortages.items()):
        at, last, total = shortage.head, 0, 0
        while at:
            entry = state.waiting[at - 1]
            _require(entry.asset == asset_id and at > last, f"asset {asset_id}: the queue is out of order at {at - 1}")
            listed.add(at - 1)
            total += entry.amount
            at, last = entry.next, at
        _require(last == shortage.tail, f"asset {asset_id}: the queue does not end at its tail")
        _require(total == shortage.waiting, f"asset {asset_id}: {total} wait, recorded {shortage.waiting}")
        _require(bool(shortage.head) or not shortage.pool, f"asset {asset_id}: a pool for which nobody waits")
        incoming = sum(held.amount for held in _open_reservations(state) if held.short == asset_id)
        _require(incoming == shortage.incoming, f"asset {asset_id}: {incoming} reserved, recorded {shortage.incoming}")
    for waiting_id, entry in enumerate(state.waiting):
        _require(not entry.amount or waiting_id in listed, f"waiting withdrawal {waiting_id} is in no queue")


def _check_hashes(state: State) -> None:
    """Locks and the sorted list of used hashes agree, and every lock's hash is in it."""
    uses = state.hash_uses
    _require(state.header.lock_count == len(state.locks), "the header's locks differ from the table")
    _require(state.header.hash_count == len(uses), "the header's used hashes differ from the table")
    _require(state.hash_index == HashIndex(uses), "the index of used hashes differs from its leaves")
    seen = [uses[0].key]
    at = uses[0].next
    while at and len(seen) < len(uses):
        _require(uses[at].key > seen[-1], f"used hash {at} is out of order")
        seen.append(uses[at].key)
        at = uses[at].next
    _require(not at and len(seen) == len(uses), "the list of used hashes does not hold all of them")
    wanted = {use_key(bytes(32), 0)}
    for lock in state.locks:
        wanted.add(use_key(lock.hash, lock.account))
        if lock.status == LockStatus.CLAIMED:
            wanted.add(use_key(lock.hash, REVEALED))
    _require(wanted == set(seen), "the used hashes are not those of the locks")


def _check_underlying(state: State, underlying_id: int) -> None:
    """Counts of its markets, and its expiries in the order of time."""
    underlying = state.underlyings[underlying_id]
    what = f"underlying {underlying_id}"
    markets = [market for market in state.markets if market.underlying == underlying_id]
    live = sum(market.status < MarketStatus.EXPIRED for market in markets)
    _require(underlying.market_count == live, f"{what}: {live} markets, recorded {underlying.market_count}")
    _require(underlying.priced_count <= live, f"{what}: more marks than markets")
    reference, previous, times = underlying.next_expiry, 0, [0]
    while reference:
        expiry = state.expiries[reference - 1]
        _require(expiry.previous == previous, f"{what}: expiry {reference - 1} is not linked back")
        _require(expiry.time > times[-1], f"{what}: expiry {reference - 1} is out of order")
        _require(expiry.status == ExpiryStatus.TRADING, f"{what}: expiry {reference - 1} is settled and linked")
        times.append(expiry.time)
        reference, previous = expiry.next, reference
    trading = sum(
        expiry.underlying == underlying_id and expiry.status == ExpiryStatus.TRADING for expiry in state.expiries
    )
    _require(len(times) - 1 == trading, f"{what}: an expiry is lost")


def _check_funding(state: State, market_id: int, market: Market, positions: Iterable[Position]) -> None:
    """The pool has what it owes: were all to settle now, only what was rounded would be left."""
    pricing = state.pricing[market_id]
    index = 0 if pricing is None else pricing.funding_index
    left = market.funding_pool + sum(owed(position, index) for position in positions)
    _require(left >= 0, f"market {market_id}: the funding pool lacks {-left}")


def _check_market(state: State, market_id: int, triggers: dict[int, int]) -> None:
    market = state.markets[market_id]
    holders = {
        account_id: account.positions[market_id]
        for account_id, account in state.accounts.items()
        if market_id in account.positions
    }
    sizes = [position.size for position in holders.values()]
    if market.status < MarketStatus.EXPIRED:
        _require(sum(sizes) == 0, f"market {market_id}: positions do not sum to zero")
    else:
        left = market.funding_pool - sum(sizes) * market.settlement * market.multiplier // CASH_SCALE
        _require(left == 0, f"market {market_id}: the settlement does not come out even by {left}")
    longs = sum(size for size in sizes if size > 0)
    _require(market.open_interest == longs, f"market {market_id}: open interest {market.open_interest}, longs {longs}")
    _require(market.open_interest < SIZE_LIMIT, f"market {market_id}: open interest out of range")
    _require(market.slot_count == len(state.orders[market_id]), f"market {market_id}: slot count")
    if market.kind == MarketKind.PERPETUAL:
        _check_funding(state, market_id, market, holders.values())
    open_orders = _walk_book(state, market_id, triggers)
    if market.register == RegisterKind.ORDER:
        account = state.accounts[market.register_account]
        if market.register_epoch == account.order_epoch:
            cash = market.register_price * market.register_remaining * market.multiplier // CASH_SCALE
            size, only = market.register_remaining, market.register_flags & OrderFlag.REDUCE_ONLY
            _add(open_orders, market.register_account, market.register_side, size, cash, size if only else 0)
    for account_id, position in holders.items():
        bids = (position.bid_quantity, position.bid_notional, position.reduce_bid)
        held = (*bids, position.ask_quantity, position.ask_notional, position.reduce_ask)
        orders = tuple(open_orders.pop(account_id, [0] * 6))
        _require(held == orders, f"account {account_id}: open orders in market {market_id} {orders}, recorded {held}")
    _require(not open_orders, f"market {market_id}: orders of accounts without a record")
    _require(
        Book.from_leaves(market, state.orders[market_id]) == state.books[market_id],
        f"market {market_id}: the book's index differs from its leaves",
    )


def _walk_book(state: State, market_id: int, triggers: dict[int, int]) -> dict[int, list[int]]:
    """Check lists and free list; returns quantities and notionals by account of orders not cancelled by epoch."""
    market = state.markets[market_id]
    slots = state.orders[market_id]
    seen: set[int] = set()
    open_orders: dict[int, list[int]] = {}
    for side, head in ((Side.BID, market.best_bid), (Side.ASK, market.best_ask)):
        reference, previous = head, 0
        while reference:
            _require(reference not in seen, f"market {market_id}: slot {reference - 1} is linked twice")
            seen.add(reference)
            order = slots[reference - 1]
            _require(
                order.side == side and not order.trigger,
                f"market {market_id}: slot {reference - 1} is on the wrong side",
            )
            _require(order.previous == previous, f"market {market_id}: slot {reference - 1} is not linked back")
            _require(order.remaining > 0, f"market {market_id}: slot {reference - 1} is empty")
            if previous:
                before = slots[previous - 1]
                ahead = order.price - before.price if side == Side.ASK else before.price - order.price
                in_order = ahead > 0 or (ahead == 0 and before.priority < order.priority)
                _require(in_order, f"market {market_id}: slot {reference - 1} is out of price-time order")
            if order.epoch == state.accounts[order.account].order_epoch:
                size = order.remaining + order.hidden
                cash = order.price * size * market.multiplier // CASH_SCALE
                only = order.flags & OrderFlag.REDUCE_ONLY
                _add(open_orders, order.account, side, size, cash, size if only else 0)
            reference, previous = order.next, reference
    _walk_triggers(state, market_id, seen, triggers)
    reference = market.free_head
    while reference:
        _require(reference not in seen, f"market {market_id}: slot {reference - 1} is free and linked")
        seen.add(reference)
        _require(slots[reference - 1].side == FREE, f"market {market_id}: slot {reference - 1} is not free")
        reference = slots[reference - 1].next
    _require(len(seen) == len(slots), f"market {market_id}: slots are lost")
    best_bid = slots[market.best_bid - 1].price if market.best_bid else 0
    if market.best_bid and market.best_ask and market.register == RegisterKind.CLOSED:
        _require(best_bid < slots[market.best_ask - 1].price, f"market {market_id}: the book is crossed")
    return open_orders


def _walk_triggers(state: State, market_id: int, seen: set[int], triggers: dict[int, int]) -> None:
    """Check both trigger lists: linked both ways, in order of triggers and then of sequence; count them by account."""
    market, slots = state.markets[market_id], state.orders[market_id]
    for above, head in ((0, market.trigger_below), (1, market.trigger_above)):
        reference, previous = head, 0
        while reference:
            where = f"market {market_id}: trigger in slot {reference - 1}"
            _require(reference not in seen, f"{where} is linked twice")
            seen.add(reference)
            order = slots[reference - 1]
            flag = OrderFlag.TRIGGER_ABOVE if above else OrderFlag.TRIGGER_BELOW
            _require(order.trigger > 0 and bool(order.flags & flag), f"{where} is in the wrong list")
            _require(order.previous == previous, f"{where} is not linked back")
            if previous:
                before = slots[previous - 1]
                behind = order.trigger - before.trigger if above else before.trigger - order.trigger
                in_order = behind > 0 or (behind == 0 and before.sequence < order.sequence)
                _require(in_order, f"{where} is out of order")
            if order.epoch == state.accounts[order.account].order_epoch:
                triggers[order.account] = triggers.get(order.account, 0) + 1
            reference, previous = order.next, reference


def _add(  # noqa: PLR0913, PLR0917
    open_orders: dict[int, list[int]], account_id: int, side: int, size: int, cash: int, reducing: int
) -> None:
    """Quantity, notional and what of the quantity only reduces, by side."""
    sums = open_orders.setdefault(account_id, [0] * 6)
    for at, value in enumerate((size, cash, reducing)):
        sums[3 * side + at] += value


def _require(condition: bool, what: str) -> None:  # noqa: FBT001  # reads as the rule it checks
    if not condition:
        raise InvariantError(what)
