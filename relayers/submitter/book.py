"""The rows of one chain's submissions: read, and changed within a transaction of the store."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from relayers.dialects import insert_new
from relayers.errors import IllegalTransition
from relayers.store import Store
from relayers.submission_tables import AttemptRow, SignerRow, SubjectRow, SubmissionRow
from relayers.submitter import budget
from relayers.submitter.errands import Attempt, Errand, ErrandKind, Submission
from relayers.submitter.fees import FeeOffer
from relayers.submitter.node import Inclusion, Message
from relayers.submitter.states import (
    HOLDS_NONCE,
    IN_FLIGHT,
    LIVE,
    SUBMISSION_TRANSITIONS,
    Outcome,
    SubmissionState,
    outcome_of,
)


class SubmissionBook:
    """All submissions on one chain, whoever's."""

    def __init__(self, store: Store, chain_id: int) -> None:
        self._store = store
        self._chain_id = chain_id

    # Reading

    def live(self, signer: str) -> list[Submission]:
        """Those of a signer that the chain may still change, by nonce."""
        query = (
            select(SubmissionRow)
            .where(
                SubmissionRow.chain_id == self._chain_id,
                SubmissionRow.state.in_(LIVE),
                SubmissionRow.signer == signer,
            )
            .order_by(SubmissionRow.nonce, SubmissionRow.id)
        )
        with self._store.reading() as session:
            return [_submission(session, row) for row in session.scalars(query)]

    def get(self, submission_id: int) -> Submission:
        """One by its id."""
        with self._store.reading() as session:
            return _submission(session, session.get_one(SubmissionRow, submission_id))

    def about(self, kind: ErrandKind, subject: bytes) -> list[Submission]:
        """All that were about a subject, oldest first."""
        query = (
            select(SubmissionRow)
            .join(SubjectRow, SubjectRow.submission_id == SubmissionRow.id)
            .where(SubjectRow.chain_id == self._chain_id, SubjectRow.kind == kind, SubjectRow.subject == subject)
            .order_by(SubmissionRow.id)
        )
        with self._store.reading() as session:
            return [_submission(session, row) for row in session.scalars(query)]

    def outcomes(self, kind: ErrandKind, subjects: Sequence[bytes]) -> dict[bytes, Outcome]:
        """What the newest submission about each subject came to; a subject without any is left out."""
        if not subjects:
            return {}
        query = (
            select(SubjectRow.subject, SubmissionRow.state, SubmissionRow.succeeded)
            .join(SubmissionRow, SubmissionRow.id == SubjectRow.submission_id)
            .where(SubjectRow.chain_id == self._chain_id, SubjectRow.kind == kind, SubjectRow.subject.in_(subjects))
            .order_by(SubmissionRow.id)
        )
        with self._store.reading() as session:
            return {
                subject: outcome_of(SubmissionState(state), succeeded=succeeded)
                for subject, state, succeeded in session.execute(query)
            }

    def in_flight(self) -> dict[str, int]:
        """How many transactions of each signer wait to be mined."""
        query = (
            select(SubmissionRow.signer, func.count())
            .where(SubmissionRow.chain_id == self._chain_id, SubmissionRow.state.in_(IN_FLIGHT))
            .group_by(SubmissionRow.signer)
        )
        with self._store.reading() as session:
            return dict(session.execute(query).all())

    def signers(self) -> dict[str, bool]:
        """Every address that ever sent, and whether it is retired; and those with something live though unknown."""
        with self._store.reading() as session:
            rows = session.scalars(select(SignerRow).where(SignerRow.chain_id == self._chain_id))
            return {row.address: row.is_retired for row in rows}

    # Writing

    def adopt(self, session: Session, address: str) -> None:
        """Know a signer."""
        insert_new(session, SignerRow, chain_id=self._chain_id, address=address, next_nonce=0, is_retired=False)

    def retire(self, session: Session, address: str, *, is_retired: bool) -> None:
        """Give a signer nothing new any more, or again; what it has under way is seen through."""
        session.get_one(SignerRow, (self._chain_id, address)).is_retired = is_retired

    def take_nonce(self, session: Session, address: str, *, latest: int, pending: int) -> int:
        """The nonce to use next; other replicas wait here until the transaction is over.

        The chain decides: what it counted is used, what it holds pending is somebody's. The rows only tell which later
        ones are taken, so that neither a lost nor an old database can lead to a gap or to a nonce that is used.
        """
        row = session.get_one(SignerRow, (self._chain_id, address), with_for_update=True)
        taken = set(
            session.scalars(
                select(SubmissionRow.nonce).where(
                    SubmissionRow.chain_id == self._chain_id,
                    SubmissionRow.signer == address,
                    SubmissionRow.state.in_(HOLDS_NONCE),
                    SubmissionRow.nonce >= latest,
                )
            )
        )
        nonce = max(latest, pending)
        while nonce in taken:
            nonce += 1
        row.next_nonce = max([nonce, *taken]) + 1
        return nonce

    def add(  # noqa: PLR0913 - the facts of a new row
        self,
        session: Session,
        errand: Errand,
        message: Message,
        *,
        signer: str,
        nonce: int,
        gas: int,
        now: int,
    ) -> SubmissionRow:
        """A row for a new submission, with nothing reserved for it."""
        row = SubmissionRow(
            chain_id=self._chain_id,
            signer=signer,
            nonce=nonce,
            kind=errand.kind,
            route=errand.route,
            recipient=message.recipient,
            value=message.value,
            payload=message.payload,
            gas=gas,
            deadline=errand.deadline,
            state=SubmissionState.SIGNED,
            created_at=now,
            reserved_wei=0,
        )
        session.add(row)
        session.flush()
        for position, subject in enumerate(errand.subjects):
            session.add(
                SubjectRow(
                    submission_id=row.id,
                    position=position,
                    chain_id=self._chain_id,
                    kind=errand.kind,
                    subject=subject,
                    income_wei=0,
                )
            )
        return row

    def add_attempt(self, session: Session, submission_id: int, attempt: Attempt) -> None:
        """Keep a signed transaction."""
        session.add(
            AttemptRow(
                submission_id=submission_id,
                number=attempt.number,
                hash=attempt.hash,
                raw=attempt.raw,
                max_fee_wei=attempt.offer.max_fee,
                tip_wei=attempt.offer.tip,
                signed_at=attempt.signed_at,
                cancels=attempt.cancels,
            )
        )
        session.flush()

    def mark_broadcast(self, submission: Submission, attempt: Attempt, now: int) -> Submission:
        """A node took the transaction."""
        with self._store.transaction() as session:
            session.get_one(AttemptRow, (submission.id, attempt.number)).broadcast_at = now
            row = _locked(session, submission.id)
            if row.state == SubmissionState.SIGNED:
                row.state = SubmissionState.BROADCAST
        told = replace(attempt, broadcast_at=now)
        attempts = tuple(told if one.number == attempt.number else one for one in submission.attempts)
        return replace(submission, state=SubmissionState(row.state), attempts=attempts)

    def move(self, session: Session, submission_id: int, to: SubmissionState, reason: str = "") -> SubmissionRow:
        """Move a row along a legal transition, or leave it where it is; raises `IllegalTransition`."""
        row = _locked(session, submission_id)
        before = SubmissionState(row.state)
        if to is not before and to not in SUBMISSION_TRANSITIONS[before]:
            raise IllegalTransition(before, to)
        row.state = to
        row.reason = reason or row.reason
        return row

    def include(self, submission: Submission, inclusion: Inclusion, *, now: int, reason: str = "") -> None:
        """The transaction is in a block; what it cost is counted."""
        with self._store.transaction() as session:
            row = self.move(session, submission.id, SubmissionState.INCLUDED, reason)
            row.block, row.block_hash = inclusion.block, inclusion.block_hash
            row.gas_used, row.succeeded = inclusion.gas_used, inclusion.succeeded
            row.included_at = now
            cancels = any(one.cancels and one.hash == inclusion.transaction_hash for one in submission.attempts)
            if cancels:
                row.succeeded = False
            budget.settle(session, row, inclusion.cost_wei)


def _locked(session: Session, submission_id: int) -> SubmissionRow:
    return session.get_one(SubmissionRow, submission_id, with_for_update=True)


def attempts_of(rows: Iterable[AttemptRow]) -> tuple[Attempt, ...]:
    """Rows, read."""
    return tuple(
        Attempt(
            number=row.number,
            hash=row.hash,
            raw=row.raw,
            offer=FeeOffer(max_fee=row.max_fee_wei, tip=row.tip_wei),
            signed_at=row.signed_at,
            broadcast_at=row.broadcast_at,
            cancels=row.cancels,
        )
        for row in rows
    )


def _submission(session: Session, row: SubmissionRow) -> Submission:
    query = select(AttemptRow).where(AttemptRow.submission_id == row.id).order_by(AttemptRow.number)
    return Submission(
        id=row.id,
        chain_id=row.chain_id,
        signer=row.signer,
        nonce=row.nonce,
        kind=ErrandKind(row.kind),
        route=row.route,
        recipient=row.recipient,
        value=row.value,
        payload=row.payload,
        gas=row.gas,
        deadline=row.deadline,
        state=SubmissionState(row.state),
        reason=row.reason,
        created_at=row.created_at,
        included_at=row.included_at,
        finalized_at=row.finalized_at,
        block=row.block,
        block_hash=row.block_hash,
        gas_used=row.gas_used,
        succeeded=row.succeeded,
        cost_wei=row.cost_wei,
        reorganised=row.reorganised,
        attempts=attempts_of(session.scalars(query)),
    )
