"""Items of the settlement chain's forced queue: steps without bytes in the batch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from exchange.engine.balance_events import AccountOpened, Deposited
from exchange.engine.chain_health import report_health
from exchange.engine.events import Event
from exchange.engine.locks import claim, refund
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rebalancing import after_deposit
from exchange.state.asset import AssetKind
from exchange.state.limits import ACCOUNT_LIMIT, AMOUNT_LIMIT
from exchange.state.state import State


class ItemKind(IntEnum):
    """Kinds of forced items, as in `IForcedQueue`."""

    DEPOSIT = 1
    SWAP_CLAIM = 2
    SWAP_REFUND = 3
    CHAIN_HEALTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedItem:
    """One entry of `ForcedQueue`; `amount` in base units of the asset, `owner` 20 and `packet_id` 32 bytes.

    Of a swap claim or refund `amount` is the lock's id, `packet_id` the preimage, and nothing else counts.
    Of a chain's health `asset` is one on it and `amount` 0 (its client is active) or 1 (stale or frozen).
    """

    kind: int
    account: int
    owner: bytes
    asset: int
    amount: int
    packet_id: bytes
    enqueued_at: int


def open_account(state: State, item: ForcedItem) -> list[Event]:
    """Open the item's account if it is the next one.

    Done even where the credit that follows is refused: the queue has given the id away, and ids are dense.
    """
    is_next = item.account == state.header.account_count and item.account < ACCOUNT_LIMIT
    if item.kind != ItemKind.DEPOSIT or not is_next:
        return []
    return [AccountOpened(state.add_account(item.owner), item.owner)]


def execute(state: State, item: ForcedItem) -> list[Event]:
    """Do what an item asks for, as of when it entered the queue. Raises Rejected with nothing changed."""
    if item.kind == ItemKind.SWAP_CLAIM:
        return [claim(state, item.amount, item.packet_id, item.enqueued_at)]
    if item.kind == ItemKind.SWAP_REFUND:
        return [refund(state, item.amount, item.enqueued_at)]
    if item.kind == ItemKind.CHAIN_HEALTH:
        return [report_health(state, item.asset, item.amount, item.enqueued_at)]
    return [credit(state, item), *after_deposit(state, item.account, item.asset, item.amount, item.enqueued_at)]


def credit(state: State, item: ForcedItem) -> Event:
    """Credit a deposit to its account. Raises Rejected with nothing changed."""
    if item.kind != ItemKind.DEPOSIT:
        raise Rejected(Reason.MALFORMED)
    if item.account >= state.header.account_count:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    account = state.accounts[item.account]
    if account.owner != item.owner:
        raise Rejected(Reason.OWNER_MISMATCH)
    if item.asset >= len(state.assets):
        raise Rejected(Reason.ASSET_UNKNOWN)
    asset = state.assets[item.asset]
    if item.amount <= 0 or asset.inventory + item.amount >= AMOUNT_LIMIT:
        raise Rejected(Reason.AMOUNT_OUT_OF_RANGE)
    if asset.kind == AssetKind.CASH:
        account.cash += item.amount
    else:
        account.collateral[item.asset] = account.collateral.get(item.asset, 0) + item.amount
    asset.inventory += item.amount
    state.dirty_accounts.add(item.account)
    state.dirty_assets.add(item.asset)
    return Deposited(item.account, item.owner, item.asset, item.amount, item.packet_id)
