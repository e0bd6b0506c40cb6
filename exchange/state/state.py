"""The venue's state: tables of leaves under one root, with an undo log of commits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from exchange.state.account import ACCOUNT_KIND, Account
from exchange.state.asset import ASSET_KIND, Asset
from exchange.state.book import Book
from exchange.state.config import Config
from exchange.state.deleveraging import DELEVERAGING_KIND, Deleveraging
from exchange.state.expiry import EXPIRY_KIND, Expiry
from exchange.state.hash_index import HashIndex
from exchange.state.hash_use import HASH_USE_KIND, HashUse
from exchange.state.hashing import ZERO, leaf_hash
from exchange.state.header import HEADER_KIND, Header
from exchange.state.lock import LOCK_KIND, Lock
from exchange.state.mark import MARK_KIND, Mark
from exchange.state.market import MARKET_KIND, NO_EXPIRY, Market, MarketKind
from exchange.state.operation import OPERATION_KIND, Operation
from exchange.state.order import ORDER_KIND, Order
from exchange.state.pricing import FOREVER, Pricing
from exchange.state.reservation import RESERVATION_KIND, Reservation
from exchange.state.shortage import SHORTAGE_KIND, Shortage
from exchange.state.tables import DenseTable, OrderTable, SparseTable, Table, Undo
from exchange.state.tree import Tree
from exchange.state.underlying import UNDERLYING_KIND, Underlying
from exchange.state.waiting import WAITING_KIND, Waiting
from exchange.state.withdrawal import WITHDRAWAL_KIND, Withdrawal

HEADER_POSITION: Final = 0
WITHDRAWALS_POSITION: Final = 8
_ROOT_DEPTH: Final = 2
_POSITIONS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A root and what leads back from it; `roots` are the tree roots by position."""

    number: int
    root: bytes
    roots: tuple[bytes, ...]
    withdrawal_count: int
    undo: dict[int, Undo]
    header: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalProof:
    """Siblings from the leaf to the withdrawals root and from there to the state root, three a level."""

    withdrawal: Withdrawal
    withdrawal_proof: list[bytes]
    root_proof: list[bytes]


class UnknownCommitError(LookupError):
    """The commit is not, or no longer, in the undo log."""


class State:
    """Mutable state of the venue.

    Rows are changed in place by `exchange.engine`, which notes every touched id in the table's `dirty` set (the
    `dirty_*` attributes are those sets). `commit` turns that into a root; `revert_to` goes back to one. Books and
    pricing are derived from the leaves and rebuilt after a revert.
    """

    def __init__(self, config: Config, header: Header) -> None:  # noqa: PLR0915 - a line for each table
        self.config: Final = config
        self.domain: Final = config.domain
        self.domain_prefix: Final = self.domain.prefix
        self.fee_shares: Final = tuple((tier.taker, tier.maker) for tier in config.fee_tiers)
        self.header = header
        self._accounts: Final = SparseTable(ACCOUNT_KIND, 14, Account.decode)
        self._markets: Final = DenseTable(MARKET_KIND, 5, Market.decode)
        self._orders: Final = OrderTable(ORDER_KIND, 17)
        self._marks: Final = SparseTable(MARK_KIND, 6, Mark.decode)
        self._underlyings: Final = DenseTable(UNDERLYING_KIND, 3, Underlying.decode)
        self._expiries: Final = DenseTable(EXPIRY_KIND, 5, Expiry.decode)
        self._assets: Final = DenseTable(ASSET_KIND, 4, Asset.decode)
        self._withdrawals: Final = DenseTable(WITHDRAWAL_KIND, 16, Withdrawal.decode)
        self._operations: Final = DenseTable(OPERATION_KIND, 8, Operation.decode)
        self._locks: Final = DenseTable(LOCK_KIND, 16, Lock.decode)
        self._hash_uses: Final = DenseTable(HASH_USE_KIND, 16, HashUse.decode)
        self._shortages: Final = SparseTable(SHORTAGE_KIND, 4, Shortage.decode)
        self._waiting: Final = DenseTable(WAITING_KIND, 16, Waiting.decode)
        self._reservations: Final = SparseTable(RESERVATION_KIND, 14, Reservation.decode)
        self._deleveragings: Final = SparseTable(DELEVERAGING_KIND, 14, Deleveraging.decode)
        self.accounts: Final = self._accounts.rows
        self.markets: Final = self._markets.rows
        self.orders: Final = self._orders.markets
        self.marks: Final = self._marks.rows
        self.underlyings: Final = self._underlyings.rows
        self.expiries: Final = self._expiries.rows
        self.assets: Final = self._assets.rows
        self.withdrawals: Final = self._withdrawals.rows
        self.operations: Final = self._operations.rows
        self.locks: Final = self._locks.rows
        self.hash_uses: Final = self._hash_uses.rows
        self.shortages: Final = self._shortages.rows
        self.waiting: Final = self._waiting.rows
        self.reservations: Final = self._reservations.rows
        self.deleveragings: Final = self._deleveragings.rows
        self.dirty_accounts: Final = self._accounts.dirty
        self.dirty_markets: Final = self._markets.dirty
        self.dirty_orders: Final = self._orders.dirty
        self.dirty_marks: Final = self._marks.dirty
        self.dirty_underlyings: Final = self._underlyings.dirty
        self.dirty_expiries: Final = self._expiries.dirty
        self.dirty_assets: Final = self._assets.dirty
        self.dirty_withdrawals: Final = self._withdrawals.dirty
        self.dirty_operations: Final = self._operations.dirty
        self.dirty_locks: Final = self._locks.dirty
        self.dirty_hash_uses: Final = self._hash_uses.dirty
        self.dirty_shortages: Final = self._shortages.dirty
        self.dirty_waiting: Final = self._waiting.dirty
        self.dirty_reservations: Final = self._reservations.dirty
        self.dirty_deleveragings: Final = self._deleveragings.dirty
        self.books: Final[list[Book]] = []
        self.quotes: Final[dict[Hashable, Any]] = {}
        self.pricing: Final[list[Pricing | None]] = []
        self.markets_of: Final[list[list[int]]] = []
        self.hash_index = HashIndex()
        self.root = ZERO
        self.commits: Final[list[Commit]] = []
        self._root_tree: Final = Tree(_ROOT_DEPTH)
        self._roots: list[bytes] = [ZERO] * _POSITIONS
        self._tables: Final[tuple[tuple[int, Table[object]], ...]] = (  # type: ignore[type-var]
            (1, self._accounts),
            (2, self._markets),
            (3, self._orders),
            (4, self._marks),
            (5, self._underlyings),
            (6, self._expiries),
            (7, self._assets),
            (WITHDRAWALS_POSITION, self._withdrawals),
            (14, self._operations),
            (9, self._locks),
            (10, self._hash_uses),
            (11, self._shortages),
            (12, self._waiting),
            (13, self._reservations),
            (15, self._deleveragings),
        )  # type: ignore[assignment]

    # Listing: called by genesis only.

    def add_underlying(self, underlying: Underlying) -> int:
        """Append an underlying and return its id."""
        self.underlyings.append(underlying)
        self.markets_of.append([])
        self.dirty_underlyings.add(len(self.underlyings) - 1)
        self.header.underlying_count = len(self.underlyings)
        return len(self.underlyings) - 1

    def add_market(self, market: Market) -> int:
        """Append a market with an empty book and return its id."""
        market_id = len(self.markets)
        self.markets.append(market)
        self.orders.append([])
        self.books.append(Book())
        self.pricing.append(None)
        self.markets_of[market.underlying].append(market_id)
        self.underlyings[market.underlying].market_count += 1
        if market.expiry != NO_EXPIRY:
            self.expiries[market.expiry].market_count += 1
            self.dirty_expiries.add(market.expiry)
        self.dirty_markets.add(market_id)
        self.dirty_underlyings.add(market.underlying)
        self.header.market_count = len(self.markets)
        return market_id

    def add_expiry(self, expiry: Expiry) -> int:
        """Append an expiry, link it between its neighbours in time, and return its id."""
        expiry_id = len(self.expiries)
        underlying = self.underlyings[expiry.underlying]
        earlier, later = 0, underlying.next_expiry
        while later and self.expiries[later - 1].time < expiry.time:
            earlier, later = later, self.expiries[later - 1].next
        expiry.previous, expiry.next = earlier, later
        if earlier:
            self.expiries[earlier - 1].next = expiry_id + 1
            self.dirty_expiries.add(earlier - 1)
        else:
            underlying.next_expiry = expiry_id + 1
            self.dirty_underlyings.add(expiry.underlying)
        if later:
            self.expiries[later - 1].previous = expiry_id + 1
            self.dirty_expiries.add(later - 1)
        self.expiries.append(expiry)
        self.dirty_expiries.add(expiry_id)
        self.header.expiry_count = len(self.expiries)
        return expiry_id

    def add_asset(self, asset: Asset) -> int:
        """Append an asset and return its id."""
        self.assets.append(asset)
        self.dirty_assets.add(len(self.assets) - 1)
        self.header.asset_count = len(self.assets)
        return len(self.assets) - 1

    def add_account(self, owner: bytes) -> int:
        """Open the next main account and return its id."""
        account_id = self.header.account_count
        self.accounts[account_id] = Account(owner)
        self.dirty_accounts.add(account_id)
        self.header.account_count = account_id + 1
        return account_id

    def add_hash_use(self, digest: bytes, account: int) -> None:
        """Put an entry, not there yet, in its place in the sorted list of used hashes."""
        entry_id = len(self.hash_uses)
        entry = HashUse(digest, account)
        if entry_id:
            before_id = self.hash_index.predecessor(entry.key)
            before = self.hash_uses[before_id]
            entry.next, before.next = before.next, entry_id
            self.dirty_hash_uses.add(before_id)
        self.hash_uses.append(entry)
        self.hash_index.add(entry.key, entry_id)
        self.dirty_hash_uses.add(entry_id)
        self.header.hash_count = len(self.hash_uses)

    def refresh_pricing(self, underlying_id: int) -> None:
        """Rebuild the pricing of an underlying's markets from its active round."""
        underlying = self.underlyings[underlying_id]
        markets = self.markets_of[underlying_id]
        for market_id in markets:
            mark = self.marks.get(2 * market_id + (underlying.round & 1)) if underlying.round_time else None
            market = self.markets[market_id]
            self.pricing[market_id] = (
                None
                if mark is None
                else Pricing.of(
                    market,
                    mark,
                    alone=len(markets) == 1,
                    staleness=underlying.staleness,
                    until=self._smile_until(market),
                    index=underlying.round_price,
                )
            )

    def _smile_until(self, market: Market) -> int:
        """Until when an option's smile is recent enough, by the expiry's last one."""
        bound = self.config.smile_staleness
        if not bound or market.kind not in (MarketKind.CALL, MarketKind.PUT):
            return FOREVER
        return self.expiries[market.expiry].smile_time + bound

    # Commits

    def commit(self) -> bytes:
        """Hash what changed since the last commit and return the root. Commit 0 is genesis; each counts one up."""
        undo: dict[int, Undo] = {}
        changed: dict[int, bytes] = {}
        roots = self._roots
        for position, table in self._tables:
            if table.dirty:
                undo[position] = table.commit()
                root = table.tree.root
                if root != roots[position]:
                    roots[position] = changed[position] = root
        body = self.header.encode()
        roots[HEADER_POSITION] = changed[HEADER_POSITION] = leaf_hash(HEADER_KIND, body)
        self.root = self._root_tree.update(changed)
        self.commits.append(
            Commit(
                number=self.commit_number + 1,
                root=self.root,
                roots=tuple(roots),
                withdrawal_count=self.header.withdrawal_count,
                undo=undo,
                header=body,
            )
        )
        return self.root

    @property
    def commit_number(self) -> int:
        """Number of the last commit, -1 before genesis is committed."""
        return self.commits[-1].number if self.commits else -1

    def commit_at(self, number: int) -> Commit:
        """One commit of the undo log. Raises UnknownCommitError."""
        at = number - self.commits[0].number if self.commits else -1
        if not 0 <= at < len(self.commits):
            raise UnknownCommitError(number)
        return self.commits[at]

    def revert_to(self, number: int) -> bytes:
        """Return to what commit `number` left, dropping every later commit and what is uncommitted; returns its root.

        Raises UnknownCommitError if the undo log does not reach back that far.
        """
        target = self.commit_at(number)
        later = self.commits[number - self.commits[0].number + 1 :]
        for position, table in self._tables:
            table.discard()
            table.revert(commit.undo[position] for commit in reversed(later) if position in commit.undo)
        del self.commits[len(self.commits) - len(later) :]
        self.header = Header.decode(target.header)
        self._roots = list(target.roots)
        self.root = self._root_tree.update(dict(enumerate(target.roots)))
        if self.root != target.root or any(table.tree.root != self._roots[at] for at, table in self._tables):
            raise RuntimeError("the undo log does not lead back to its root")
        self._rebuild()
        return self.root

    def _rebuild(self) -> None:
        """Derive books and pricing from the leaves."""
        count = len(self.markets)
        del self.orders[count:]
        self.books[:] = [Book.from_leaves(*entry) for entry in zip(self.markets, self.orders, strict=True)]
        self.pricing[:] = [None] * count
        self.markets_of[:] = [[] for _ in self.underlyings]
        for market_id, market in enumerate(self.markets):
            self.markets_of[market.underlying].append(market_id)
        for underlying_id in range(len(self.underlyings)):
            self.refresh_pricing(underlying_id)
        self.hash_index = HashIndex(self.hash_uses)

    def forget_before(self, number: int) -> None:
        """Drop the undo log of commits below `number`; the last commit is always kept."""
        keep = 0
        while keep < len(self.commits) - 1 and self.commits[keep].number < number:
            keep += 1
        del self.commits[:keep]

    # Proofs

    def prove_withdrawal(self, withdrawal_id: int, commit: int | None = None) -> WithdrawalProof:
        """Prove a withdrawal under the root of a commit (the last one unless told).

        Raises UnknownCommitError, or LookupError if the withdrawal was not in that commit.
        """
        at = self.commit_at(self.commit_number if commit is None else commit)
        if not 0 <= withdrawal_id < at.withdrawal_count:
            raise LookupError(f"withdrawal {withdrawal_id} is not in commit {at.number}")
        top = Tree(_ROOT_DEPTH)
        top.update(dict(enumerate(at.roots)))
        return WithdrawalProof(
            withdrawal=self.withdrawals[withdrawal_id],
            withdrawal_proof=self._withdrawals.tree.prefix_proof(withdrawal_id, at.withdrawal_count),
            root_proof=top.proof(WITHDRAWALS_POSITION),
        )

    def prove_root(self, position: int) -> list[bytes]:
        """Siblings of one of the 16 trees' roots under the last committed state root."""
        return self._root_tree.proof(position)

    def table(self, position: int) -> Table[object]:  # type: ignore[type-var]
        """The table at a position of the state root, for reading committed bodies and making proofs."""
        for at, table in self._tables:
            if at == position:
                return table
        raise LookupError(f"no table at position {position}")


def order_at(state: State, market_id: int, reference: int) -> Order:
    """The order a slot reference (slot + 1) of a market names."""
    return state.orders[market_id][reference - 1]
