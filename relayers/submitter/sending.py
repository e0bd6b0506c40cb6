"""Signs transactions and hands them to the node."""

from typing import Any

from eth_account.signers.local import LocalAccount

from chains.errors import ChainError, NonceTooHigh, NonceTooLow, Reason, Rejected
from relayers.crash_points import CrashPoint, Hook
from relayers.store import Store
from relayers.submitter import budget
from relayers.submitter.book import SubmissionBook
from relayers.submitter.errands import Attempt, Submission
from relayers.submitter.fees import FeeOffer
from relayers.submitter.node import Message, Node
from relayers.submitter.states import SubmissionState

CURABLE = frozenset({Reason.FEE_TOO_LOW, Reason.INSUFFICIENT_FUNDS})
"""Refusals of a transaction that a node may take later, as it is or with a better offer."""


def sign(  # noqa: PLR0913 - the fields of a transaction
    account: LocalAccount,
    message: Message,
    *,
    chain_id: int,
    nonce: int,
    gas: int,
    offer: FeeOffer,
    number: int,
    now: int,
    cancels: bool = False,
) -> Attempt:
    """An EIP-1559 transaction."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "gas": gas,
        "maxFeePerGas": offer.max_fee,
        "maxPriorityFeePerGas": offer.tip,
        "to": message.recipient,
        "value": message.value,
        "data": message.payload,
    }
    signed = account.sign_transaction(fields)
    return Attempt(
        number=number,
        hash=bytes(signed.hash),
        raw=bytes(signed.raw_transaction),
        offer=offer,
        signed_at=now,
        broadcast_at=None,
        cancels=cancels,
    )


class Broadcaster:
    """Hands kept transactions to the node and writes down what it said."""

    def __init__(self, store: Store, node: Node, book: SubmissionBook, hook: Hook) -> None:
        self._store = store
        self._node = node
        self._book = book
        self._hook = hook

    def broadcast(self, submission: Submission, attempt: Attempt, *, now: int) -> ChainError | None:
        """Hand it over; answers why the node does not have it, None if it has.

        What no node can ever take gives its nonce back. A nonce that is used or lies ahead, and silence, change
        nothing: the next look at the chain tells what became of it.
        """
        try:
            self._node.broadcast(attempt.raw)
        except (NonceTooLow, NonceTooHigh) as error:
            return error
        except Rejected as error:
            is_first = all(one.broadcast_at is None for one in submission.attempts)
            if is_first and len(submission.attempts) == 1:
                self._refuse(submission, error)
            elif error.reason not in CURABLE:
                self._note(submission, str(error))
            return error
        except ChainError as error:
            return error
        self._hook(CrashPoint.AFTER_BROADCAST)
        self._book.mark_broadcast(submission, attempt, now)
        return None

    def _refuse(self, submission: Submission, error: ChainError) -> None:
        with self._store.transaction() as session:
            row = self._book.move(session, submission.id, SubmissionState.REFUSED, str(error))
            budget.settle(session, row, None)

    def _note(self, submission: Submission, reason: str) -> None:
        with self._store.transaction() as session:
            self._book.move(session, submission.id, submission.state, reason)
