"""Things to be done once on a chain: rows of a named queue that only move along legal transitions."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from chains.errors import ChainError
from relayers.errors import IllegalTransition
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import CIRCUMSTANCES_WAIT_SECONDS, Failure, RetrySchedule, classify
from relayers.states import TASK_TRANSITIONS, TaskState
from relayers.store import Store, set_cursor
from relayers.tables import TaskRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A row, read. `key` names the task, `position` orders it, `body` is what the queue's owner needs to do it."""

    key: bytes
    position: int
    body: bytes = b""
    state: TaskState = TaskState.WAITING
    attempts: int = 0


class TaskStore:
    """The rows of one queue."""

    def __init__(self, store: Store, queue: str) -> None:
        self._store = store
        self._queue = queue

    def cursor(self, start: int) -> int:
        """First block (or index) not scanned for tasks."""
        return self._store.cursor(self._queue, start)

    def record(self, tasks: Iterable[Task], next_position: int) -> None:
        """Keep what is new together with the cursor."""
        with self._store.transaction() as session:
            for task in tasks:
                if session.get(TaskRow, (self._queue, task.key)) is None:
                    session.add(
                        TaskRow(
                            queue=self._queue,
                            key=task.key,
                            position=task.position,
                            body=task.body,
                            state=TaskState.WAITING.value,
                        )
                    )
                    session.flush()
            set_cursor(session, self._queue, next_position)

    def unfinished(self, due_at: int) -> list[Task]:
        """Rows that are not done and whose next attempt is not later, by position."""
        query = (
            select(TaskRow)
            .where(TaskRow.queue == self._queue, TaskRow.state != TaskState.DONE.value, TaskRow.not_before <= due_at)
            .order_by(TaskRow.position, TaskRow.key)
        )
        with self._store.transaction() as session:
            return [
                Task(
                    key=row.key,
                    position=row.position,
                    body=row.body,
                    state=TaskState(row.state),
                    attempts=row.attempts,
                )
                for row in session.scalars(query)
            ]

    def page(self, after: tuple[int, bytes], limit: int) -> list[Task]:
        """Waiting rows behind a position and a key, at most `limit`."""
        behind = tuple_(TaskRow.position, TaskRow.key) > after
        query = select(TaskRow).where(TaskRow.queue == self._queue, TaskRow.state == TaskState.WAITING.value, behind)
        with self._store.reading() as session:
            rows = session.scalars(query.order_by(TaskRow.position, TaskRow.key).limit(limit))
            return [Task(key=row.key, position=row.position, body=row.body) for row in rows]

    def bodies_at(self, position: int) -> list[bytes]:
        """Bodies of all rows at a position, whatever their state."""
        query = select(TaskRow.body).where(TaskRow.queue == self._queue, TaskRow.position == position)
        with self._store.transaction() as session:
            return list(session.scalars(query.order_by(TaskRow.key)))

    def waiting(self, due_at: int) -> list[Task]:
        """Those of the unfinished rows that nobody is acting on."""
        return [task for task in self.unfinished(due_at) if task.state is TaskState.WAITING]

    def move(self, key: bytes, to: TaskState) -> None:
        """Move a row along a legal transition; raises `IllegalTransition`."""
        with self._store.transaction() as session:
            self._row(session, key, to)

    def fail(self, journal: Journal, task: Task, error: ChainError, *, schedule: RetrySchedule, now: int) -> None:
        """Move a row back to WAITING and set its next attempt; circumstances cost a short wait and no attempt."""
        counts = classify(error) is Failure.ITEMS
        wait = schedule.wait_seconds(task.attempts + 1) if counts else CIRCUMSTANCES_WAIT_SECONDS
        with self._store.transaction() as session:
            row = self._row(session, task.key, TaskState.WAITING)
            row.attempts += counts
            row.last_error = str(error)
            row.not_before = now + wait
        journal.did(Did.FAILED, task.key, str(error))
        journal.waits_for(WaitsFor.RETRY, task.key, f"in {wait} s")

    def again(self, task: Task, *, schedule: RetrySchedule, now: int) -> None:
        """Move a row back to WAITING because what it did came back; each time counts as an attempt and waits longer."""
        with self._store.transaction() as session:
            row = self._row(session, task.key, TaskState.WAITING)
            row.attempts += 1
            row.not_before = now + schedule.wait_seconds(row.attempts)

    def state_of(self, key: bytes) -> TaskState | None:
        """Where a task is, or None if the queue never saw it."""
        with self._store.transaction() as session:
            row = session.get(TaskRow, (self._queue, key))
            return None if row is None else TaskState(row.state)

    def _row(self, session: Session, key: bytes, to: TaskState) -> TaskRow:
        row = session.get_one(TaskRow, (self._queue, key))
        if to is not TaskState(row.state) and to not in TASK_TRANSITIONS[TaskState(row.state)]:
            raise IllegalTransition(row.state, to.value)
        row.state = to.value
        return row
