"""Cover: the insurance fund buys the collateral of an account that owes cash, and gives what is still missing."""

from __future__ import annotations

from exchange.engine import equity, steps
from exchange.engine.events import Covered, Event
from exchange.engine.fund import note_loss
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounding import div_up
from exchange.engine.signatures import Signatures
from exchange.state.account import Account
from exchange.state.limits import FACTOR_ONE
from exchange.state.state import State


def cover(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Bring an account's negative cash to 0, or as near as the insurance fund's cash allows.

    Permissionless. What the fund cannot pay stays as negative cash, and keeps the fund shut.
    Raises Rejected with nothing changed.
    """
    if len(step) != steps.COVER.size:
        raise Rejected(Reason.MALFORMED)
    _, account_id = steps.COVER.unpack(step)
    account, fund = _parties(state, account_id)
    payable = min(-account.cash, fund.cash)
    taken, paid = _purchase(state, account, payable)
    for asset_id, amount in taken:
        _move_collateral(account.collateral, fund.collateral, asset_id, amount)
    account.cash += payable
    fund.cash -= payable
    state.dirty_accounts.update((0, account_id))
    note_loss(state)
    return [Covered(account_id, tuple(taken), payable, payable - paid)]


def _parties(state: State, account_id: int) -> tuple[Account, Account]:
    account, fund = state.accounts.get(account_id), state.accounts[0]
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    if not account_id:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    if account.cash >= 0 or account.positions:
        raise Rejected(Reason.NOTHING_TO_COVER)
    if fund.cash <= 0:
        raise Rejected(Reason.INSURANCE_EMPTY)
    if any(not state.underlyings[state.assets[asset].underlying].round_price for asset in account.collateral):
        raise Rejected(Reason.NO_MARK)
    if equity.reads_stale_round(state, {}, account.collateral):
        raise Rejected(Reason.STALE_MARK)
    return account, fund


def _purchase(state: State, account: Account, payable: int) -> tuple[list[tuple[int, int]], int]:
    """Collateral that pays for `payable` at the haircut price, ascending by asset, and the cash it is worth.

    What is worth nothing after its haircut comes last, and is taken where the rest does not suffice.
    """
    paid = 0
    taken: list[tuple[int, int]] = []
    units = {
        asset_id: state.underlyings[state.assets[asset_id].underlying].round_price
        * (FACTOR_ONE - state.assets[asset_id].haircut)
        for asset_id in account.collateral
    }
    for asset_id in sorted(units, key=lambda asset_id: (units[asset_id] == 0, asset_id)):
        if paid == payable:
            break
        amount = account.collateral[asset_id]
        unit = units[asset_id]
        if unit:
            scale = equity.collateral_scale(state.assets[asset_id])
            amount = min(amount, div_up((payable - paid) * scale, unit))
            paid += min(payable - paid, amount * unit // scale)
        taken.append((asset_id, amount))
    return taken, paid


def _move_collateral(source: dict[int, int], target: dict[int, int], asset_id: int, amount: int) -> None:
    source[asset_id] -= amount
    if not source[asset_id]:
        del source[asset_id]
    target[asset_id] = target.get(asset_id, 0) + amount
