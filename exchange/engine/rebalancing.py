"""Rebalancing: who brings a short asset takes a long one away, with a rebate. Both sides are set aside in one step.

A reservation holds inventory of the long asset, the rebate and a bond. The deposit that fulfils it queues the
withdrawal in the same transition; without one the bond is lost. No vault ever locks anything.
"""

from __future__ import annotations

from exchange.engine import steps
from exchange.engine.authorisation import WITHDRAW, authorise, consume_nonce
from exchange.engine.balance_events import Rebalanced, RebalanceReserved, ReservationLapsed
from exchange.engine.events import Event
from exchange.engine.locks import require_free_cash, require_queue_read
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import mul_div_down, mul_div_up
from exchange.engine.signatures import Signatures
from exchange.engine.waiting_queue import cash_asset, has_queue, require_inventory, serve, write_withdrawal
from exchange.state.account import MAIN_MASK
from exchange.state.asset import Asset
from exchange.state.limits import (
    AMOUNT_LIMIT,
    FACTOR_ONE,
    WITHDRAWAL_LIMIT,
)
from exchange.state.reservation import Reservation, ReservationStatus
from exchange.state.state import State


def missing(state: State, asset_id: int) -> int:
    """What nobody has reserved to bring of the inventory that waiting withdrawals of an asset need."""
    shortage = state.shortages.get(asset_id)
    if shortage is None or not shortage.head:
        return 0
    return max(0, shortage.waiting - state.assets[asset_id].inventory - shortage.incoming)


def rebate_of(state: State, asset_id: int, amount: int) -> int:
    """Rebate for bringing an amount of a short asset now, rounded down.

    It grows with how long the first in line has waited, from nothing to the whole fee that waiting costs, and no
    further: what is paid for bringing inventory back never exceeds what was paid for taking it.
    """
    shortage = state.shortages.get(asset_id)
    if shortage is None or not shortage.head:
        return 0
    config = state.config
    waited = state.header.clock - state.waiting[shortage.head - 1].since
    share = config.waiting_fee * min(waited, config.rebate_ramp_seconds)
    return min(shortage.pool, mul_div_down(amount, share, FACTOR_ONE * config.rebate_ramp_seconds))


def bond_of(state: State, amount: int) -> int:
    """What a reservation of an amount costs whoever does not keep it."""
    return mul_div_up(amount, state.config.reservation_bond, FACTOR_ONE)


def reserve_rebalance(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Set both sides aside for an account that will bring a short asset. Raises Rejected with nothing changed."""
    spec = steps.RESERVE_REBALANCE
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, *fields, r, s, v = spec.layout.unpack(step)
    account_id, key, short, long, high, low, min_high, min_low, recipient, nonce, expiry = fields
    amount, min_rebate = high << 64 | low, min_high << 64 | min_low
    account, holder = authorise(
        state, signatures, account_id, key, WITHDRAW, nonce, expiry, spec.hash(*fields), r, s, v
    )
    if not account_id & MAIN_MASK:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    source = _source(state, short, long)
    if not 0 < amount < AMOUNT_LIMIT:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if not any(recipient):
        raise Rejected(Reason.INVALID_RECIPIENT)
    held = state.reservations.get(account_id)
    if held is not None and held.status == ReservationStatus.OPEN:
        raise Rejected(Reason.RESERVATION_IS_OPEN)
    if amount > missing(state, short):
        raise Rejected(Reason.NOT_SHORT)
    rebate = rebate_of(state, short, amount)
    if rebate < min_rebate:
        raise Rejected(Reason.REBATE_TOO_SMALL)
    require_inventory(state, long, amount + rebate)
    bond = bond_of(state, amount)
    require_free_cash(state, account_id, bond)

    # Nothing below can fail.
    consume_nonce(holder, nonce)
    deadline = state.header.clock + state.config.reservation_seconds
    account.cash -= bond
    source.inventory -= amount + rebate
    shortage = state.shortages[short]
    shortage.pool -= rebate
    shortage.incoming += amount
    state.reservations[account_id] = Reservation(short, long, amount, rebate, bond, recipient, deadline)
    state.dirty_accounts.add(account_id)
    state.dirty_assets.add(long)
    state.dirty_shortages.add(short)
    state.dirty_reservations.add(account_id)
    return [RebalanceReserved(account_id, short, long, amount, rebate, bond, deadline)]


def after_deposit(state: State, account_id: int, asset_id: int, amount: int, enqueued_at: int) -> list[Event]:
    """What a deposit that was just credited sets going: its account's reservation, then who waits for the asset.

    It counts by when it entered the queue, and only if it is the whole amount; what is above stays credited.
    """
    events: list[Event] = []
    held = state.reservations.get(account_id)
    if (
        held is not None
        and held.status == ReservationStatus.OPEN
        and held.short == asset_id
        and amount >= held.amount
        and enqueued_at < held.deadline
        and state.header.withdrawal_count < WITHDRAWAL_LIMIT
    ):
        events += _fill(state, account_id, held)
    if has_queue(state, asset_id):
        events += serve(state, asset_id)
    return events


def lapse_reservation(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """End a reservation whose deposit did not come. Permissionless. Raises Rejected with nothing changed.

    Only when every deposit that entered the queue in time must have been taken.
    """
    if len(step) != steps.LAPSE_RESERVATION.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id = steps.LAPSE_RESERVATION.unpack(step)
    held = state.reservations.get(account_id)
    if held is None or held.status != ReservationStatus.OPEN:
        raise Rejected(Reason.NO_RESERVATION)
    if state.header.clock < held.deadline:
        raise Rejected(Reason.DEADLINE_NOT_REACHED)
    require_queue_read(state, held.deadline)
    _close(state, account_id, held, ReservationStatus.LAPSED)
    state.assets[held.long].inventory += held.amount + held.rebate
    state.dirty_assets.add(held.long)
    fund = state.accounts[0]
    fund.cash += held.bond
    if has_queue(state, held.short):
        state.shortages[held.short].pool += held.rebate
    else:
        fund.cash += held.rebate
    state.dirty_accounts.add(0)
    events: list[Event] = [ReservationLapsed(account_id, held.short, held.long, held.amount, held.bond)]
    if has_queue(state, held.long):
        events += serve(state, held.long)
    return events


def _source(state: State, short: int, long: int) -> Asset:
    cash_asset(state, short)
    if short == long:
        raise Rejected(Reason.SAME_ASSET)
    return cash_asset(state, long)


def _fill(state: State, account_id: int, held: Reservation) -> list[Event]:
    account = state.accounts[account_id]
    account.cash += held.bond - held.amount
    state.dirty_accounts.add(account_id)
    _close(state, account_id, held, ReservationStatus.FILLED)
    queued = write_withdrawal(state, account_id, held.long, held.amount + held.rebate, held.recipient)
    held.withdrawal = state.header.withdrawal_count
    return [Rebalanced(account_id, held.short, held.long, held.amount, held.rebate, queued.id), queued]


def _close(state: State, account_id: int, held: Reservation, status: ReservationStatus) -> None:
    held.status = status
    state.shortages[held.short].incoming -= held.amount
    state.dirty_shortages.add(held.short)
    state.dirty_reservations.add(account_id)
