"""The venue's state: leaves, trees, commits and proofs. Pure integers; the format is docs/protocol/state.md."""

from exchange.state.account import Account, Position
from exchange.state.asset import Asset, AssetKind
from exchange.state.config import Config, Domain
from exchange.state.hash_use import HashUse
from exchange.state.header import Header
from exchange.state.lock import Lock, LockStatus
from exchange.state.mark import Mark
from exchange.state.market import Market, MarketKind, MarketStatus, RegisterKind
from exchange.state.order import Order, Side, TimeInForce
from exchange.state.reservation import Reservation, ReservationStatus
from exchange.state.shortage import Shortage
from exchange.state.state import Commit, State, UnknownCommitError, WithdrawalProof
from exchange.state.tree import Tree, climb
from exchange.state.underlying import Underlying
from exchange.state.waiting import Waiting
from exchange.state.withdrawal import Withdrawal

__all__ = [
    "Account",
    "Asset",
    "AssetKind",
    "Commit",
    "Config",
    "Domain",
    "HashUse",
    "Header",
    "Lock",
    "LockStatus",
    "Mark",
    "Market",
    "MarketKind",
    "MarketStatus",
    "Order",
    "Position",
    "RegisterKind",
    "Reservation",
    "ReservationStatus",
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
