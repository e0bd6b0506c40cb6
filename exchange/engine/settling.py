"""SettlePositions: accounts are paid out of a market that has expired, one by one and by anyone."""

from __future__ import annotations

from typing import Final

from exchange.engine import deleveraging, steps
from exchange.engine.events import Event, PositionSettled
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.account import Account
from exchange.state.limits import CASH_SCALE
from exchange.state.market import Market, MarketStatus
from exchange.state.state import State

ACCOUNTS_PER_STEP: Final = 8


def settle_positions(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Turn up to eight accounts' positions in an expired market into cash. Raises Rejected with nothing changed.

    The other side of every payment is the market's pool, which is empty again when all are paid.
    """
    if len(step) < steps.SETTLE_POSITIONS.size:
        raise Rejected(Reason.MALFORMED)
    _, market_id, count = steps.SETTLE_POSITIONS.unpack_from(step)
    body = step[steps.SETTLE_POSITIONS.size :]
    if not 1 <= count <= ACCOUNTS_PER_STEP or len(body) != 4 * count:
        raise Rejected(Reason.MALFORMED)
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if market.status != MarketStatus.EXPIRED:
        raise Rejected(Reason.MARKET_NOT_SETTLED)
    account_ids = [int.from_bytes(body[at : at + 4], "big") for at in range(0, len(body), 4)]
    if account_ids != sorted(set(account_ids)):
        raise Rejected(Reason.MALFORMED)
    holders = [account_id for account_id in account_ids if _holds(state, account_id, market_id)]
    if not holders:
        raise Rejected(Reason.NOTHING_TO_SETTLE)
    state.dirty_markets.add(market_id)
    return [_pay(state, account_id, state.accounts[account_id], market_id, market) for account_id in holders]


def accounts_to_pay(state: State, market_id: int) -> list[int]:
    """Up to eight accounts with a position in a market that has expired; looks at every account."""
    if state.markets[market_id].status != MarketStatus.EXPIRED:
        return []
    found = (account_id for account_id in sorted(state.accounts) if _holds(state, account_id, market_id))
    return [account_id for account_id, _ in zip(found, range(ACCOUNTS_PER_STEP), strict=False)]


def _holds(state: State, account_id: int, market_id: int) -> bool:
    account = state.accounts.get(account_id)
    return account is not None and market_id in account.positions and account.positions[market_id].size != 0


def _pay(state: State, account_id: int, account: Account, market_id: int, market: Market) -> PositionSettled:
    """Exact: the settlement is in whole ticks and the size in whole lots. Orders still open are swept by themselves."""
    position = account.positions[market_id]
    deleveraging.settle_account(state, market_id, account_id, account, position)
    size = position.size
    value = size * market.settlement * market.multiplier // CASH_SCALE
    realised = value - position.cost
    account.cash += realised
    market.funding_pool -= value
    market.open_interest -= max(0, size)
    position.size = position.cost = 0
    if position.is_empty():
        del account.positions[market_id]
    state.dirty_accounts.add(account_id)
    return PositionSettled(account_id, market_id, size, market.settlement, realised)
