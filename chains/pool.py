"""Transactions that wait for a block; what cannot be mined is refused here, not later."""

from collections.abc import Iterable

from chains.blocks import Transaction
from chains.errors import (
    InsufficientFunds,
    NonceTooHigh,
    NonceTooLow,
    Reason,
    Rejected,
    WrongChainId,
)
from chains.evm import Account


class Pool:
    """Pending transactions in order of arrival, without gaps in anybody's nonces."""

    def __init__(self, *, chain_id: int, gas_limit: int) -> None:
        self._chain_id = chain_id
        self._gas_limit = gas_limit
        self._pending: dict[bytes, Transaction] = {}

    def __contains__(self, transaction_hash: bytes) -> bool:
        return transaction_hash in self._pending

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """What waits, in order of arrival."""
        return tuple(self._pending.values())

    def find(self, transaction_hash: bytes) -> Transaction | None:
        """A waiting transaction by hash."""
        return self._pending.get(transaction_hash)

    def next_nonce(self, sender: bytes, mined_nonce: int) -> int:
        """The nonce after everything mined and pending."""
        pending = [transaction.nonce for transaction in self._pending.values() if transaction.sender == sender]
        return max([mined_nonce, *(nonce + 1 for nonce in pending)])

    def add(self, transaction: Transaction, sender: Account, base_fee: int) -> None:
        """Take a transaction, given its sender's account at the head; raises Rejected with the rule it broke.

        Sending the same bytes again while they wait changes nothing. One with the nonce of another that waits takes
        its place if it offers a tenth more, in whole and as a tip.
        """
        if transaction.hash in self._pending:
            return
        if transaction.chain_id != self._chain_id:
            raise WrongChainId(given=transaction.chain_id, expected=self._chain_id)
        if transaction.gas > self._gas_limit:
            raise Rejected(Reason.GAS_LIMIT_TOO_HIGH, f"{transaction.gas}, a block holds {self._gas_limit}")
        if transaction.max_fee_per_gas < base_fee:
            raise Rejected(Reason.FEE_TOO_LOW, f"{transaction.max_fee_per_gas} wei, the base fee is {base_fee}")
        rival = self._rival(transaction)
        if rival is not None and _outbids(transaction, rival):
            self._replace(rival, transaction, sender)
            return
        expected = self.next_nonce(transaction.sender, sender.nonce)
        if transaction.nonce < expected:
            raise NonceTooLow(given=transaction.nonce, expected=expected)
        if transaction.nonce > expected:
            raise NonceTooHigh(given=transaction.nonce, expected=expected)
        committed = sum(other.maximum_cost for other in self._pending.values() if other.sender == transaction.sender)
        if sender.balance < committed + transaction.maximum_cost:
            raise InsufficientFunds(available=sender.balance - committed, needed=transaction.maximum_cost)
        self._pending[transaction.hash] = transaction

    def _rival(self, transaction: Transaction) -> Transaction | None:
        same = (transaction.sender, transaction.nonce)
        return next((other for other in self._pending.values() if (other.sender, other.nonce) == same), None)

    def _replace(self, rival: Transaction, transaction: Transaction, sender: Account) -> None:
        others = [one for one in self._pending.values() if one.sender == transaction.sender and one is not rival]
        available = sender.balance - sum(one.maximum_cost for one in others)
        if available < transaction.maximum_cost:
            raise InsufficientFunds(available=available, needed=transaction.maximum_cost)
        self._pending = {
            (transaction.hash if one is rival else one.hash): (transaction if one is rival else one)
            for one in self._pending.values()
        }

    def keep_only(self, transactions: Iterable[Transaction]) -> None:
        """Forget everything else, after a block."""
        self._pending = {transaction.hash: transaction for transaction in transactions}

    def put_first(self, transactions: Iterable[Transaction]) -> None:
        """Take back, before everything that waits, what a reorganisation threw out of its blocks."""
        returned = {transaction.hash: transaction for transaction in transactions}
        self._pending = {**returned, **self._pending}

    def drop(self, transaction_hash: bytes) -> None:
        """Forget one transaction, as a node's full memory does."""
        self._pending.pop(transaction_hash, None)


def _outbids(transaction: Transaction, rival: Transaction) -> bool:
    """Geth's rule: more of both, and a tenth at least."""
    pairs = (
        (transaction.max_fee_per_gas, rival.max_fee_per_gas),
        (transaction.max_priority_fee_per_gas, rival.max_priority_fee_per_gas),
    )
    return all(new > old and 10 * new >= 11 * old for new, old in pairs)
