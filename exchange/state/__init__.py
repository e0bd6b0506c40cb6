"""The venue's state: leaves, trees, commits and proofs. Pure integers; the format is docs/protocol/state.md."""

from exchange.state.account import (
    BACKSTOP,
    Account,
    AccountFlag,
    Envelope,
    Position,
    Protection,
    Scope,
    SelfTrade,
    SessionKey,
)
from exchange.state.asset import Asset, AssetKind, Health
from exchange.state.config import Config, Domain, FeeTier
from exchange.state.deleveraging import Deleveraging
from exchange.state.expiry import Expiry, ExpiryStatus
from exchange.state.hash_use import HashUse
from exchange.state.header import Header
from exchange.state.lock import Lock, LockStatus
from exchange.state.mark import Mark
from exchange.state.market import Market, MarketKind, MarketStatus, Phase, RegisterKind
from exchange.state.operation import Operation, OperationKind, OperationStatus
from exchange.state.order import Order, OrderFlag, Side, TimeInForce
from exchange.state.reservation import Reservation, ReservationStatus
from exchange.state.shortage import Shortage
from exchange.state.state import Commit, State, UnknownCommitError, WithdrawalProof
from exchange.state.tree import Tree, climb
from exchange.state.underlying import Underlying
from exchange.state.waiting import Waiting
from exchange.state.withdrawal import Withdrawal

__all__ = [
    "BACKSTOP",
    "Account",
    "AccountFlag",
    "Asset",
    "AssetKind",
    "Commit",
    "Config",
    "Deleveraging",
    "Domain",
    "Envelope",
    "Expiry",
    "ExpiryStatus",
    "FeeTier",
    "HashUse",
    "Header",
    "Health",
    "Lock",
    "LockStatus",
    "Mark",
    "Market",
    "MarketKind",
    "MarketStatus",
    "Operation",
    "OperationKind",
    "OperationStatus",
    "Order",
    "OrderFlag",
    "Phase",
    "Position",
    "Protection",
    "RegisterKind",
    "Reservation",
    "ReservationStatus",
    "Scope",
    "SelfTrade",
    "SessionKey",
    "Shortage",
    "Side",
    "State",
    "TimeInForce",
    "Tree",
    "Underlying",
    "UnknownCommitError",
    "Waiting",
    "Withdrawal",
    "WithdrawalProof",
    "climb",
]
