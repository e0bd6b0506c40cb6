"""Follows what was sent until the chain has decided for good: included, final, replaced, dropped, reorganised."""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from chains.errors import ChainError, Reason, TransactionReverted
from relayers.crash_points import CrashPoint, Hook
from relayers.errors import NotNow
from relayers.reports import Did, Journal, WaitsFor
from relayers.store import Store
from relayers.submitter import budget, ledger
from relayers.submitter.book import SubmissionBook
from relayers.submitter.errands import Attempt, Submission
from relayers.submitter.node import Inclusion, Message, Node
from relayers.submitter.policy import SubmitterPolicy
from relayers.submitter.sending import Broadcaster, sign
from relayers.submitter.states import SubmissionState

CANCEL_GAS = 21_000


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the chain says of one signer, asked once a step."""

    now: int
    height: int
    final: int
    latest_nonce: int
    final_nonce: int


class Tracker:
    """Looks what became of the live submissions of one signer after another, and does what is to be done about it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of one submitter
        self,
        store: Store,
        node: Node,
        book: SubmissionBook,
        broadcaster: Broadcaster,
        accounts: Mapping[str, LocalAccount],
        policy: SubmitterPolicy,
        hook: Hook,
    ) -> None:
        self._store = store
        self._node = node
        self._book = book
        self._broadcaster = broadcaster
        self._accounts = accounts
        self._policy = policy
        self._hook = hook

    def follow(self, journal: Journal, signer: str) -> None:
        """One look at everything a signer has under way."""
        live = self._book.live(signer)
        if not live:
            return
        final = self._node.finalized()
        view = View(
            now=self._node.now(),
            height=self._node.height(),
            final=final,
            latest_nonce=self._node.nonce(signer, "latest"),
            final_nonce=self._node.nonce(signer, final),
        )
        for submission in live:
            self.look(journal, submission, view)

    def look(self, journal: Journal, submission: Submission, view: View) -> None:
        """Compare one submission with the chain."""
        inclusion = self._inclusion(submission)
        if inclusion is not None:
            self._included(journal, submission, inclusion, view)
            return
        if submission.state is SubmissionState.INCLUDED:
            submission = self._reorganised(journal, submission, view)
        if view.latest_nonce > submission.nonce:
            self._displaced(journal, submission, view)
        else:
            self._pending(journal, submission, view)

    def _inclusion(self, submission: Submission) -> Inclusion | None:
        for attempt in reversed(submission.attempts):
            found = self._node.inclusion(attempt.hash)
            if found is not None:
                return found
        return None

    # Mined

    def _included(self, journal: Journal, submission: Submission, inclusion: Inclusion, view: View) -> None:
        is_news = submission.state is not SubmissionState.INCLUDED or submission.block_hash != inclusion.block_hash
        if is_news:
            reason = "" if inclusion.succeeded else self._node.failure(inclusion.transaction_hash)
            self._book.include(submission, inclusion, now=view.now, reason=reason)
            journal.did(Did.INCLUDED, inclusion.transaction_hash, reason or f"block {inclusion.block}")
        self._hook(CrashPoint.AFTER_INCLUSION)
        if inclusion.block > view.final:
            journal.waits_for(WaitsFor.DESTINATION_FINALITY, inclusion.transaction_hash)
            return
        with self._store.transaction() as session:
            row = self._book.move(session, submission.id, SubmissionState.INCLUDED)
            cancelled = any(one.cancels and one.hash == inclusion.transaction_hash for one in submission.attempts)
            end = SubmissionState.FINALIZED if row.succeeded else SubmissionState.REVERTED
            row = self._book.move(session, submission.id, SubmissionState.CANCELLED if cancelled else end)
            row.finalized_at = view.now
            ledger.enter(session, row, inclusion.transaction_hash)
        self._hook(CrashPoint.AFTER_FINALITY)
        journal.did(Did.FINALIZED, inclusion.transaction_hash, submission.kind)

    def _reorganised(self, journal: Journal, submission: Submission, view: View) -> Submission:
        with self._store.transaction() as session:
            row = self._book.move(session, submission.id, SubmissionState.BROADCAST)
            row.reorganised += 1
            row.succeeded, row.block_hash, row.included_at, row.gas_used = None, None, None, None
            budget.reopen(session, row, _most(submission))
        depth = max(0, view.height - (submission.block or 0)) + 1
        journal.did(Did.REORGANISED, submission.attempts[-1].hash, f"at least {depth} blocks deep")
        return self._book.get(submission.id)

    # Not mined

    def _displaced(self, journal: Journal, submission: Submission, view: View) -> None:
        """Its nonce is used by a transaction that we do not know."""
        is_final = view.final_nonce > submission.nonce
        state = SubmissionState.SUPERSEDED if is_final else SubmissionState.DISPLACED
        if submission.state is state:
            return
        with self._store.transaction() as session:
            row = self._book.move(session, submission.id, state, f"another transaction used nonce {submission.nonce}")
            if is_final:
                budget.settle(session, row, None)
        journal.did(Did.DISPLACED, submission.attempts[-1].hash, f"nonce {submission.nonce}")

    def _pending(self, journal: Journal, submission: Submission, view: View) -> None:
        newest = submission.attempts[-1]
        journal.waits_for(WaitsFor.INCLUSION, newest.hash, f"nonce {submission.nonce}")
        if submission.state is SubmissionState.DISPLACED:
            with self._store.transaction() as session:
                self._book.move(session, submission.id, SubmissionState.BROADCAST)
            submission = self._book.get(submission.id)
        if newest.broadcast_at is None or not any(self._node.knows(one.hash) for one in submission.attempts):
            error = self._broadcaster.broadcast(submission, newest, now=view.now)
            if error is None:
                journal.did(Did.RESENT, newest.hash, f"nonce {submission.nonce}")
            elif error.reason is Reason.FEE_TOO_LOW:
                self._escalate(journal, submission, newest, view)
            elif error.reason is Reason.INSUFFICIENT_FUNDS:
                journal.waits_for(WaitsFor.FUNDS, submission.signer, str(error))
        elif view.now - newest.signed_at >= self._policy.fees.escalate_after_seconds:
            self._escalate(journal, submission, newest, view)

    def _escalate(self, journal: Journal, submission: Submission, newest: Attempt, view: View) -> None:
        """Offer more for the same nonce: for the same call, or for none if that would fail by now."""
        if self._book.get(submission.id).state not in {SubmissionState.SIGNED, SubmissionState.BROADCAST}:
            return
        account = self._accounts.get(submission.signer)
        if account is None:
            journal.waits_for(WaitsFor.SIGNER, submission.signer, "its key is not here any more")
            return
        market, fees = self._node.market(), self._policy.fees
        offer = fees.replacement(newest.offer, market, now=view.now, deadline=submission.deadline)
        if offer is None:
            cap = fees.cap_at(view.now, submission.deadline)
            journal.waits_for(WaitsFor.FEES, newest.hash, f"offers {newest.offer.max_fee}, may offer {cap}")
            return
        failure = self._failure(submission)
        cancels = failure != "" or newest.cancels
        message = Message(recipient=submission.recipient, payload=submission.payload, value=submission.value)
        gas = submission.gas
        if cancels:
            message, gas = Message(recipient=submission.signer, payload=b"", value=0), CANCEL_GAS
        attempt = sign(
            account,
            message,
            chain_id=submission.chain_id,
            nonce=submission.nonce,
            gas=gas,
            offer=offer,
            number=newest.number + 1,
            now=view.now,
            cancels=cancels,
        )
        try:
            self._keep(submission, attempt, gas * offer.max_fee, failure)
        except NotNow as reason:
            journal.waits_for(reason.waits_for, newest.hash, reason.detail)
            return
        self._hook(CrashPoint.AFTER_SIGN)
        self._broadcaster.broadcast(self._book.get(submission.id), attempt, now=view.now)
        journal.did(Did.REPLACED, newest.hash, f"by 0x{attempt.hash.hex()}, {offer.max_fee} wei per gas")

    def _failure(self, submission: Submission) -> str:
        """Why the call would fail now; nothing where it would not, or where nobody can tell."""
        message = Message(recipient=submission.recipient, payload=submission.payload, value=submission.value)
        try:
            self._node.simulate(message, submission.signer, submission.gas, block="latest")
        except TransactionReverted as error:
            return str(error)
        except ChainError:
            return ""
        return ""

    def _keep(self, submission: Submission, attempt: Attempt, most_wei: int, failure: str) -> None:
        """The older transactions may still be mined, so that the most any of them can cost stays reserved."""
        reserved = max(most_wei, _most(submission))
        with self._store.transaction() as session:
            row = self._book.move(session, submission.id, submission.state, failure)
            budget.reserve(session, row, reserved, limit=self._policy.budget_wei_per_day)
            self._book.add_attempt(session, submission.id, attempt)


def _most(submission: Submission) -> int:
    fee = max((one.offer.max_fee for one in submission.attempts if not one.cancels), default=0)
    return submission.gas * fee
