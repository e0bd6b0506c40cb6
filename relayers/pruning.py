"""Takes out of the database what is over for so long that nobody asks for it: in bounded batches, a step at a time.

A row is over when a final block has said the last word about it: a packet whose commitment is cleared or that never was
one, a task that is done, a submission that can change no more and is about nothing that is still open. What is gone is
not read again, for the scans' cursors are past it; a database that is lost rebuilds it from the chains, and finds there
that it is over. Sums (totals, days, metrics) stay.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_, update
from sqlalchemy.orm import Session

from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.states import TERMINAL, TaskState
from relayers.store import Store
from relayers.submission_tables import AttemptRow, EntryRow, SubjectRow, SubmissionRow
from relayers.submitter.states import LIVE
from relayers.tables import AnswerRow, PacketRow, TaskRow

PRUNED_QUEUES = (
    "payments ",
    "withdrawals ",
    "watched answers ",
    "watched credits",
    "watched headers ",
    "watched packets ",
    "watched releases ",
)
"""Beginnings of the names of queues whose done rows serve nothing but the record. Alarms, approvals, batches stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is over is kept, and how many rows of a table a step takes.

    An hour at least: by then no node lags so far behind that it asks for what is gone.
    """

    keep_seconds: int = 30 * 86_400
    rows: int = 500

    def __post_init__(self) -> None:
        if self.keep_seconds < 3_600 or self.rows < 1:
            raise ValueError("what is over is kept for an hour at least, and a step takes a row at least")


class Pruner:
    """A daemon; of several replicas one leads. `now` in seconds; it marks what has ended, and takes it out later."""

    def __init__(
        self, store: Store, retention: Callable[[], Retention], now: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        self._store = store
        self._retention = retention
        self._now = now

    def step(self) -> StepReport:
        """Mark at most so many rows of each table, and take out as many."""
        journal, retention, now = Journal(), self._retention(), self._now()
        with self._store.leading("prune", now) as lease:
            if lease is None:
                journal.waits_for(WaitsFor.LEADER, "prune")
                return journal.report()
            before, rows = now - retention.keep_seconds, retention.rows
            for name, table in (("packets", _packets), ("tasks", _tasks), ("submissions", _submissions)):
                with self._store.transaction() as session:
                    count = table(session, now=now, before=before, rows=rows)
                if count:
                    journal.did(Did.PRUNED, name, str(count))
        return journal.report()


def _packets(session: Session, *, now: int, before: int, rows: int) -> int:
    key = PacketRow.lane, PacketRow.packet_id
    is_over = PacketRow.state.in_(TERMINAL)
    new = session.execute(select(*key).where(PacketRow.ended_at == 0, is_over).limit(rows)).all()
    if new:
        session.execute(update(PacketRow).where(tuple_(*key).in_(new)).values(ended_at=now))
    is_old = and_(PacketRow.ended_at > 0, PacketRow.ended_at <= before, is_over)
    old = session.execute(select(*key).where(is_old).limit(rows)).all()
    if old:
        session.execute(delete(AnswerRow).where(tuple_(AnswerRow.lane, AnswerRow.packet_id).in_(old)))
        session.execute(delete(PacketRow).where(tuple_(*key).in_(old)))
    return _wrote(session, new, old)


def _tasks(session: Session, *, now: int, before: int, rows: int) -> int:
    key = TaskRow.queue, TaskRow.key
    is_over = and_(
        TaskRow.state == TaskState.DONE,
        or_(*(TaskRow.queue.startswith(name, autoescape=True) for name in PRUNED_QUEUES)),
    )
    new = session.execute(select(*key).where(TaskRow.ended_at == 0, is_over).limit(rows)).all()
    if new:
        session.execute(update(TaskRow).where(tuple_(*key).in_(new)).values(ended_at=now))
    is_old = and_(TaskRow.ended_at > 0, TaskRow.ended_at <= before, is_over)
    old = session.execute(select(*key).where(is_old).limit(rows)).all()
    if old:
        session.execute(delete(TaskRow).where(tuple_(*key).in_(old)))
    return _wrote(session, new, old)


def _submissions(session: Session, *, now: int, before: int, rows: int) -> int:  # noqa: ARG001 - it has its own times
    is_old = and_(SubmissionRow.state.not_in(LIVE), SubmissionRow.created_at <= before, ~_is_about_something_open())
    old = list(session.scalars(select(SubmissionRow.id).where(is_old).order_by(SubmissionRow.id).limit(rows)))
    if old:
        for table in (AttemptRow, SubjectRow, EntryRow):
            session.execute(delete(table).where(table.submission_id.in_(old)))
        session.execute(delete(SubmissionRow).where(SubmissionRow.id.in_(old)))
    return _wrote(session, [], old)


def _is_about_something_open() -> ColumnElement[bool]:
    """A packet or a task whose daemon may still ask what its newest submission came to."""
    mine = SubjectRow.submission_id == SubmissionRow.id
    packet = and_(PacketRow.packet_id == SubjectRow.subject, PacketRow.state.not_in(TERMINAL))
    task = and_(TaskRow.key == SubjectRow.subject, TaskRow.state != TaskState.DONE)
    return or_(
        exists().where(mine, packet).correlate(SubmissionRow), exists().where(mine, task).correlate(SubmissionRow)
    )


def _wrote(session: Session, marked: Sequence[object], gone: Sequence[object]) -> int:
    if marked or gone:
        session.info["wrote"] = True
    return len(gone)
