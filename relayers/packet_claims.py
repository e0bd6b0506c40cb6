"""Which packets a step works on: claimed, so that replicas share them, and picked so that no backlog hides what is new.

Half of what a step takes are the newest packets, half those that were looked at longest ago. On PostgreSQL a row that
another replica is just claiming is passed over (SKIP LOCKED); on SQLite a writer has the database to itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, bindparam, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from relayers.states import AsideReason, PacketState
from relayers.tables import AnswerRow, PacketRow

CLAIM_SECONDS = 30
"""A packet whose replica has been silent for so long goes to another. A step must not take longer."""
CLAIM_MAX = 128
"""Packets that one stage of a step takes."""

Clause = ColumnElement[bool]
Order = InstrumentedAttribute[int] | InstrumentedAttribute[bytes] | UnaryExpression[int]
NEWEST: tuple[Order, ...] = (PacketRow.nonce.desc(), PacketRow.packet_id)
LONGEST_AGO: tuple[Order, ...] = (PacketRow.claimed_until, PacketRow.nonce, PacketRow.packet_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which rows: `clause` makes the SQL for some `states`, in which `values` are bound by name.

    Every step asks the same few questions, so each statement is built once.
    """

    clause: Callable[[tuple[PacketState, ...]], Clause]
    states: tuple[PacketState, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)


def claim(session: Session, lane: str, replica: str, now: int, conditions: Sequence[Condition]) -> list[PacketRow]:
    """Claim up to `CLAIM_MAX` rows that meet the conditions, and answer them by nonce."""
    bound = _bound(lane, replica, now, conditions)
    chosen: dict[bytes, PacketRow] = {}
    for order, room in ((NEWEST, CLAIM_MAX // 2), (LONGEST_AGO, CLAIM_MAX)):
        for row in session.scalars(_free(_shape(conditions), order, room), bound):
            if len(chosen) < room:
                chosen.setdefault(row.packet_id, row)
        if len(chosen) < room:
            break  # there are no more
    until = now + CLAIM_SECONDS
    stale = [row.packet_id for row in chosen.values() if (row.claimed_by, row.claimed_until) != (replica, until)]
    if stale:
        mine = and_(PacketRow.lane == lane, PacketRow.packet_id.in_(stale))
        session.execute(update(PacketRow).where(mine).values(claimed_by=replica, claimed_until=until))
        session.info["wrote"] = True
    return sorted(chosen.values(), key=lambda row: (row.nonce, row.packet_id))


def is_any_free(session: Session, lane: str, replica: str, now: int, conditions: Sequence[Condition]) -> bool:
    """Whether `claim` would find anything; locks nothing."""
    found = session.connection().scalar(_any(_shape(conditions)), _bound(lane, replica, now, conditions))
    return found is not None


def in_states(*states: PacketState) -> Condition:
    """Rows in any of these; of those set aside only what still may be settled or expired."""
    return Condition(clause=_in_states, states=states)


def is_due(now: int) -> Condition:
    """Rows whose next attempt is not later."""
    return Condition(clause=_is_due, values={"due": now})


def is_late(now: int) -> Condition:
    """Rows whose deadline has passed."""
    return Condition(clause=_is_late, values={"late": now})


def is_in_time(now: int) -> Condition:
    """Rows whose deadline lies ahead."""
    return Condition(clause=_is_in_time, values={"in_time": now})


def is_under_way_or_told() -> Condition:
    """Rows about which something was sent, or of which an event says that they were answered."""
    return Condition(clause=_is_under_way_or_told)


def is_left_to_others() -> Condition:
    """Rows set aside for good, of which an event says that they were answered all the same."""
    return Condition(clause=_is_left_to_others)


Shape = tuple[tuple[Callable[[tuple[PacketState, ...]], Clause], tuple[PacketState, ...]], ...]
"""What makes two questions the same statement."""


def _shape(conditions: Sequence[Condition]) -> Shape:
    return tuple((condition.clause, condition.states) for condition in conditions)


def _bound(lane: str, replica: str, now: int, conditions: Sequence[Condition]) -> dict[str, str | int]:
    values: dict[str, str | int] = {"lane": lane, "replica": replica, "now": now}
    for condition in conditions:
        values.update(condition.values)
    return values


@cache
def _free(shape: Shape, order: tuple[Order, ...], room: int) -> Select[PacketRow]:
    return select(PacketRow).where(*_wanted(shape)).order_by(*order).limit(room).with_for_update(skip_locked=True)


@cache
def _any(shape: Shape) -> Select[int]:
    return select(literal(1)).select_from(PacketRow).where(*_wanted(shape)).limit(1)


def _wanted(shape: Shape) -> list[Clause]:
    mine = or_(PacketRow.claimed_by == "", PacketRow.claimed_by == bindparam("replica"))
    is_free = or_(mine, PacketRow.claimed_until <= bindparam("now"))
    return [PacketRow.lane == bindparam("lane"), is_free, *(clause(states) for clause, states in shape)]


def _in_states(states: tuple[PacketState, ...]) -> Clause:
    is_poison = PacketRow.reason == AsideReason.POISON
    return and_(PacketRow.state.in_(states), or_(PacketRow.state != PacketState.SET_ASIDE, is_poison))


def _is_due(_: tuple[PacketState, ...]) -> Clause:
    return PacketRow.not_before <= bindparam("due")


def _is_late(_: tuple[PacketState, ...]) -> Clause:
    return PacketRow.timeout_timestamp <= bindparam("late")


def _is_in_time(_: tuple[PacketState, ...]) -> Clause:
    return PacketRow.timeout_timestamp > bindparam("in_time")


def _is_under_way_or_told(_: tuple[PacketState, ...]) -> Clause:
    return or_(PacketRow.state.not_in((PacketState.SENT, PacketState.SET_ASIDE)), _is_told())


def _is_left_to_others(_: tuple[PacketState, ...]) -> Clause:
    return and_(PacketRow.state == PacketState.SET_ASIDE, PacketRow.reason != AsideReason.POISON, _is_told())


def _is_told() -> Clause:
    hint = select(AnswerRow.packet_id).where(
        AnswerRow.lane == PacketRow.lane, AnswerRow.packet_id == PacketRow.packet_id
    )
    return hint.exists()
