"""Which packets a step works on: claimed, so that replicas share them, and picked so that no backlog hides what is new.

Half of what a step takes are the newest packets, half those that were looked at longest ago. On PostgreSQL a row that
another replica is just claiming is passed over (SKIP LOCKED); on SQLite a writer has the database to itself.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, UnaryExpression, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from relayers.states import AsideReason, PacketState
from relayers.tables import AnswerRow, PacketRow

CLAIM_SECONDS = 30
"""A packet whose replica has been silent for so long goes to another. A step must not take longer."""
CLAIM_MAX = 128
"""Packets that one stage of a step takes."""

Condition = ColumnElement[bool]
Order = InstrumentedAttribute[int] | InstrumentedAttribute[bytes] | UnaryExpression[int]


def claim(session: Session, lane: str, replica: str, now: int, conditions: Sequence[Condition]) -> list[PacketRow]:
    """Claim up to `CLAIM_MAX` rows that meet the conditions, and answer them by nonce."""
    is_free = or_(PacketRow.claimed_by == "", PacketRow.claimed_by == replica, PacketRow.claimed_until <= now)
    chosen: dict[bytes, PacketRow] = {}
    orders: tuple[tuple[Order, ...], ...] = (
        (PacketRow.nonce.desc(), PacketRow.packet_id),
        (PacketRow.claimed_until, PacketRow.nonce, PacketRow.packet_id),
    )
    for order, room in zip(orders, (CLAIM_MAX // 2, CLAIM_MAX), strict=True):
        query = (
            select(PacketRow)
            .where(PacketRow.lane == lane, is_free, *conditions)
            .order_by(*order)
            .limit(room)
            .with_for_update(skip_locked=True)
        )
        for row in session.scalars(query):
            if len(chosen) < room:
                chosen.setdefault(row.packet_id, row)
    until = now + CLAIM_SECONDS
    stale = [row.packet_id for row in chosen.values() if (row.claimed_by, row.claimed_until) != (replica, until)]
    if stale:
        mine = and_(PacketRow.lane == lane, PacketRow.packet_id.in_(stale))
        session.execute(update(PacketRow).where(mine).values(claimed_by=replica, claimed_until=until))
        session.info["wrote"] = True
    return sorted(chosen.values(), key=lambda row: (row.nonce, row.packet_id))


def in_states(*states: PacketState) -> Condition:
    """Rows in any of these; of those set aside only what still may be settled or expired."""
    is_poison = PacketRow.reason == AsideReason.POISON
    return and_(PacketRow.state.in_(states), or_(PacketRow.state != PacketState.SET_ASIDE, is_poison))


def is_due(now: int) -> Condition:
    """Rows whose next attempt is not later."""
    return PacketRow.not_before <= now


def is_late(now: int) -> Condition:
    """Rows whose deadline has passed."""
    return PacketRow.timeout_timestamp <= now


def is_in_time(now: int) -> Condition:
    """Rows whose deadline lies ahead."""
    return PacketRow.timeout_timestamp > now


def is_under_way_or_told() -> Condition:
    """Rows about which something was sent, or of which an event says that they were answered."""
    hint = select(AnswerRow.packet_id).where(
        AnswerRow.lane == PacketRow.lane, AnswerRow.packet_id == PacketRow.packet_id
    )
    idle = PacketRow.state.in_((PacketState.SENT, PacketState.SET_ASIDE))
    return or_(~idle, hint.exists())
