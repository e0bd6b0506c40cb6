"""What the submitters keep: what was to be done, the transactions signed for it, and what they cost."""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from relayers.columns import RowNumber, Uint64, Wei
from relayers.tables import Base


class SignerRow(Base):
    """One key on one chain. Its row is what two replicas wait for each other at when they take a nonce."""

    __tablename__ = "signers"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    address: Mapped[str] = mapped_column(String, primary_key=True)
    next_nonce: Mapped[int] = mapped_column(Uint64)
    is_retired: Mapped[bool] = mapped_column(Boolean, default=False)


class SubmissionRow(Base):
    """One call to be made once; see submitter.states. Times in seconds, amounts in wei of its chain."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("submissions_by_state", "chain_id", "state", "signer", "nonce"),
        Index("submissions_by_route", "route"),
        Index("submissions_by_end", "state", "created_at"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    signer: Mapped[str]
    nonce: Mapped[int] = mapped_column(Uint64)
    kind: Mapped[str]
    route: Mapped[str]
    recipient: Mapped[str]
    value: Mapped[int] = mapped_column(Wei)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    gas: Mapped[int] = mapped_column(BigInteger)
    deadline: Mapped[int | None] = mapped_column(BigInteger, default=None)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(String, default="")
    created_at: Mapped[int] = mapped_column(BigInteger)
    included_at: Mapped[int | None] = mapped_column(BigInteger, default=None)
    finalized_at: Mapped[int | None] = mapped_column(BigInteger, default=None)
    block: Mapped[int | None] = mapped_column(BigInteger, default=None)
    block_hash: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    gas_used: Mapped[int | None] = mapped_column(BigInteger, default=None)
    succeeded: Mapped[bool | None] = mapped_column(Boolean, default=None)
    cost_wei: Mapped[int | None] = mapped_column(Wei, default=None)
    reserved_wei: Mapped[int] = mapped_column(Wei)
    reorganised: Mapped[int] = mapped_column(Integer, default=0)


class AttemptRow(Base):
    """One signed transaction of a submission; the later ones offer more for the same nonce."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("hash", name="attempts_by_hash"),)

    submission_id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    max_fee_wei: Mapped[int] = mapped_column(Wei)
    tip_wei: Mapped[int] = mapped_column(Wei)
    signed_at: Mapped[int] = mapped_column(BigInteger)
    broadcast_at: Mapped[int | None] = mapped_column(BigInteger, default=None)
    cancels: Mapped[bool] = mapped_column(Boolean, default=False)


class SubjectRow(Base):
    """What a submission is about: a packet id, a client, a task's key."""

    __tablename__ = "subjects"
    __table_args__ = (Index("subjects_by_name", "chain_id", "kind", "subject"),)

    submission_id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    income_wei: Mapped[int] = mapped_column(Wei)


class BudgetRow(Base):
    """What a chain has cost on one day, and what transactions on their way may cost at most."""

    __tablename__ = "budget_days"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True)
    spent_wei: Mapped[int] = mapped_column(Wei)
    reserved_wei: Mapped[int] = mapped_column(Wei)


class EntryRow(Base):
    """What one finished transaction cost and brought for one of its subjects; income in wei of the source chain."""

    __tablename__ = "entries"

    submission_id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    route: Mapped[str] = mapped_column(String, index=True)
    kind: Mapped[str]
    transaction_hash: Mapped[bytes] = mapped_column(LargeBinary)
    block: Mapped[int] = mapped_column(BigInteger)
    spent_wei: Mapped[int] = mapped_column(Wei)
    earned_wei: Mapped[int] = mapped_column(Wei)


class TotalRow(Base):
    """The sum of all entries of a route and a kind on a chain."""

    __tablename__ = "totals"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    route: Mapped[str] = mapped_column(String, primary_key=True)
    kind: Mapped[str] = mapped_column(String, primary_key=True)
    transactions: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(BigInteger)
    spent_wei: Mapped[int] = mapped_column(Wei)
    earned_wei: Mapped[int] = mapped_column(Wei)
