"""What relaying costs and brings: one entry per subject of each finished transaction, and running totals."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from relayers.dialects import insert_new
from relayers.store import Store
from relayers.submission_tables import BudgetRow, EntryRow, SubjectRow, SubmissionRow, TotalRow
from relayers.submitter.errands import ErrandKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one transaction cost for one subject, in wei of its chain, and brought, in wei of the chain that pays."""

    chain_id: int
    route: str
    kind: ErrandKind
    subject: bytes
    transaction_hash: bytes
    block: int
    spent_wei: int
    earned_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Sums of a route and a kind on a chain, over all time. failures: transactions that were paid for in vain."""

    chain_id: int
    route: str
    kind: ErrandKind
    transactions: int
    failures: int
    spent_wei: int
    earned_wei: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpending:
    """What a chain has cost on a day (days since 1970), and what is under way may cost at most."""

    chain_id: int
    day: int
    spent_wei: int
    reserved_wei: int


def enter(session: Session, row: SubmissionRow, transaction_hash: bytes) -> None:
    """Write a finished submission's entries, its cost shared evenly and the odd wei on the first."""
    subjects = session.scalars(
        select(SubjectRow).where(SubjectRow.submission_id == row.id).order_by(SubjectRow.position)
    ).all()
    share, rest = divmod(row.cost_wei or 0, max(1, len(subjects)))
    earned = 0
    for number, subject in enumerate(subjects):
        earned += subject.income_wei
        insert_new(
            session,
            EntryRow,
            submission_id=row.id,
            subject=subject.subject,
            chain_id=row.chain_id,
            route=row.route,
            kind=row.kind,
            transaction_hash=transaction_hash,
            block=row.block or 0,
            spent_wei=share + (rest if number == 0 else 0),
            earned_wei=subject.income_wei,
        )
    total = _total(session, row)
    total.transactions += 1
    total.failures += not row.succeeded
    total.spent_wei += row.cost_wei or 0
    total.earned_wei += earned


def earn(session: Session, chain_id: int, kind: ErrandKind, subject: bytes, wei: int) -> None:
    """Note what the newest submission about a subject brought; noting it again changes nothing."""
    found = session.scalar(
        select(SubjectRow)
        .where(SubjectRow.chain_id == chain_id, SubjectRow.kind == kind, SubjectRow.subject == subject)
        .order_by(SubjectRow.submission_id.desc())
        .limit(1)
    )
    if found is None or found.income_wei == wei:
        return
    gained = wei - found.income_wei
    found.income_wei = wei
    entry = session.get(EntryRow, (found.submission_id, subject), with_for_update=True)
    if entry is not None:
        entry.earned_wei += gained
        _total(session, session.get_one(SubmissionRow, found.submission_id)).earned_wei += gained


def _total(session: Session, row: SubmissionRow) -> TotalRow:
    key = {"chain_id": row.chain_id, "route": row.route, "kind": row.kind}
    insert_new(session, TotalRow, **key, transactions=0, failures=0, spent_wei=0, earned_wei=0)
    return session.get_one(TotalRow, tuple(key.values()), with_for_update=True)


def entries(store: Store, subject: bytes) -> list[Entry]:
    """Everything a packet (or another subject) has cost and brought, oldest first."""
    query = select(EntryRow).where(EntryRow.subject == subject).order_by(EntryRow.submission_id)
    with store.reading() as session:
        return [
            Entry(
                chain_id=row.chain_id,
                route=row.route,
                kind=ErrandKind(row.kind),
                subject=row.subject,
                transaction_hash=row.transaction_hash,
                block=row.block,
                spent_wei=row.spent_wei,
                earned_wei=row.earned_wei,
            )
            for row in session.scalars(query)
        ]


def totals(store: Store) -> list[Total]:
    """All sums, by chain, route and kind."""
    query = select(TotalRow).order_by(TotalRow.chain_id, TotalRow.route, TotalRow.kind)
    with store.reading() as session:
        return [
            Total(
                chain_id=row.chain_id,
                route=row.route,
                kind=ErrandKind(row.kind),
                transactions=row.transactions,
                failures=row.failures,
                spent_wei=row.spent_wei,
                earned_wei=row.earned_wei,
            )
            for row in session.scalars(query)
        ]


def days(store: Store, *, since_day: int = 0) -> list[DaySpending]:
    """Each day's spending from a day on, by chain and day."""
    query = select(BudgetRow).where(BudgetRow.day >= since_day).order_by(BudgetRow.chain_id, BudgetRow.day)
    with store.reading() as session:
        return [
            DaySpending(chain_id=row.chain_id, day=row.day, spent_wei=row.spent_wei, reserved_wei=row.reserved_wei)
            for row in session.scalars(query)
        ]
