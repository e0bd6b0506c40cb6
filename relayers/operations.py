"""What an operator may ask and change, on the database of running daemons; the next step of each obeys.

Open the database with `Store(..., replica=None)`: looking at it must not take anybody's work away.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from relayers.errors import RelayerError
from relayers.pauses import chain_scope, route_scope
from relayers.states import TERMINAL, AsideReason, PacketState
from relayers.store import Store
from relayers.submission_tables import SubjectRow
from relayers.submitter.book import SubmissionBook
from relayers.submitter.errands import Submission
from relayers.submitter.ledger import Entry, entries
from relayers.tables import GapRow, LeaseRow, PacketRow, PauseRow

__all__ = [
    "Filters",
    "Leader",
    "NoSuchPacket",
    "NotPossible",
    "PacketDetail",
    "PacketView",
    "Pause",
    "RouteStatus",
    "Status",
    "chain_scope",
    "clear",
    "pause",
    "pending",
    "resume",
    "retry",
    "route_scope",
    "show",
    "skip",
    "status",
]

PENDING_MAX = 1_000
REVIVED_FROM = frozenset({PacketState.SENT, PacketState.ANSWERED, PacketState.SET_ASIDE})
SKIPPED_FROM = frozenset({PacketState.SENT, PacketState.ANSWERED, PacketState.SET_ASIDE})


class NoSuchPacket(RelayerError):  # noqa: N818  named after what happened
    """No lane of this database knows the packet."""


class NotPossible(RelayerError):  # noqa: N818  as above
    """The packet is in a state in which this cannot be done; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which packets: all conditions given must hold.

    route: a lane's key, `source->destination/epoch`. sender: address, in any case. older_than_seconds: first seen so
    long ago. reason: part of why it waits, was set aside, or last failed, in any case.
    """

    route: str | None = None
    sender: str | None = None
    older_than_seconds: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketView:
    """One packet. Times in seconds since 1970. `waits` names what the last step waited for, `reason` is for good."""

    packet_id: bytes
    route: str
    nonce: int
    sender: str
    state: PacketState
    waits: str
    reason: str
    last_error: str
    attempts: int
    next_attempt_at: int
    first_seen_at: int
    deadline: int
    claimed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDetail:
    """A packet with everything that was sent for it, and what that cost and brought."""

    packet: PacketView
    submissions: tuple[Submission, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStatus:
    """Unfinished packets of a lane by state and by what they wait for; nonces whose events are missing."""

    route: str
    by_state: dict[PacketState, int]
    by_wait: dict[str, int]
    oldest_first_seen_at: int
    missing_nonces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leader:
    """Who leads a role, in which epoch, and until when."""

    role: str
    holder: str
    epoch: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A paused route or chain."""

    scope: str
    since: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The database at a glance."""

    routes: tuple[RouteStatus, ...]
    pauses: tuple[Pause, ...]
    leaders: tuple[Leader, ...]


def status(store: Store) -> Status:
    """Backlog by route, what is paused, and who leads what."""
    open_rows = PacketRow.state.not_in(TERMINAL)
    with store.reading() as session:
        counts = session.execute(
            select(PacketRow.lane, PacketRow.state, PacketRow.waits, func.count(), func.min(PacketRow.first_seen))
            .where(open_rows)
            .group_by(PacketRow.lane, PacketRow.state, PacketRow.waits)
            .order_by(PacketRow.lane, PacketRow.state, PacketRow.waits)
        )
        found: dict[str, RouteStatus] = {}
        for lane, state, waits, count, oldest in counts:
            route = found.get(lane) or RouteStatus(
                route=lane, by_state={}, by_wait={}, oldest_first_seen_at=oldest, missing_nonces=_missing(session, lane)
            )
            route.by_state[PacketState(state)] = route.by_state.get(PacketState(state), 0) + count
            if waits:
                route.by_wait[waits] = route.by_wait.get(waits, 0) + count
            found[lane] = RouteStatus(
                route=lane,
                by_state=route.by_state,
                by_wait=route.by_wait,
                oldest_first_seen_at=min(oldest, route.oldest_first_seen_at),
                missing_nonces=route.missing_nonces,
            )
        return Status(
            routes=tuple(found.values()),
            pauses=tuple(
                Pause(scope=row.scope, since=row.since, note=row.note)
                for row in session.scalars(select(PauseRow).order_by(PauseRow.scope))
            ),
            leaders=tuple(
                Leader(role=row.role, holder=row.holder, epoch=row.epoch, until=row.until)
                for row in session.scalars(select(LeaseRow).order_by(LeaseRow.role))
            ),
        )


def pending(store: Store, filters: Filters | None = None, *, now: int, limit: int = PENDING_MAX) -> list[PacketView]:
    """Unfinished packets by route and nonce, at most `limit`."""
    query = _matching(filters or Filters(), now).order_by(PacketRow.lane, PacketRow.nonce).limit(limit)
    with store.reading() as session:
        return [_view(row) for row in session.scalars(query)]


def show(store: Store, packet_id: bytes) -> PacketDetail:
    """Everything known of a packet; raises `NoSuchPacket`."""
    with store.reading() as session:
        row = _row(session, packet_id)
        view = _view(row)
        ids = session.execute(
            select(SubjectRow.submission_id, SubjectRow.chain_id)
            .where(SubjectRow.subject == packet_id)
            .order_by(SubjectRow.submission_id)
        )
        known = list(ids)
    return PacketDetail(
        packet=view,
        submissions=tuple(SubmissionBook(store, chain_id).get(number) for number, chain_id in known),
        entries=tuple(entries(store, packet_id)),
    )


def retry(store: Store, packet_id: bytes) -> PacketView:
    """Try a packet anew in the next step, as if it had never failed; raises `NoSuchPacket`, `NotPossible`."""
    with store.transaction() as session:
        row = _row(session, packet_id, lock=True)
        _revive(row)
        return _view(row)


def skip(store: Store, packet_id: bytes, *, note: str = "") -> PacketView:
    """Spend nothing more on a packet until `retry`; raises `NoSuchPacket`, `NotPossible`."""
    with store.transaction() as session:
        row = _row(session, packet_id, lock=True)
        if row.state not in SKIPPED_FROM:
            raise NotPossible(f"the packet is {row.state}")
        row.state, row.reason, row.last_error = PacketState.SET_ASIDE, AsideReason.SKIPPED, note or row.last_error
        row.waits = ""
        return _view(row)


def clear(
    store: Store, filters: Filters, *, now: int, first_nonce: int = 0, last_nonce: int = (1 << 64) - 1
) -> list[PacketView]:
    """Try every matching packet of a range of nonces anew, and read missing events of the route again at once.

    Packets that have something under way are left to it.
    """
    query = _matching(filters, now).where(PacketRow.nonce >= first_nonce, PacketRow.nonce <= last_nonce)
    revived = []
    with store.transaction() as session:
        rows = session.scalars(query.order_by(PacketRow.lane, PacketRow.packet_id).with_for_update()).all()
        for row in rows:
            if row.state in REVIVED_FROM and row.encoding:
                _revive(row)
                revived.append(_view(row))
        for gap in session.scalars(select(GapRow).with_for_update()):
            if filters.route in {None, gap.lane}:
                gap.not_before = 0
    return revived


def pause(store: Store, scope: str, *, now: int, note: str = "") -> None:
    """Spend nothing on a route or a chain (see `route_scope`, `chain_scope`) from the next step on."""
    with store.transaction() as session:
        session.merge(PauseRow(scope=scope, since=now, note=note))


def resume(store: Store, scope: str) -> bool:
    """Undo a pause; whether there was one."""
    with store.transaction() as session:
        row = session.get(PauseRow, scope)
        if row is not None:
            session.delete(row)
        return row is not None


def _revive(row: PacketRow) -> None:
    if row.state not in REVIVED_FROM or not row.encoding:
        raise NotPossible(f"the packet is {row.state}")
    if row.state == PacketState.SET_ASIDE:
        row.state = PacketState.ANSWERED if row.receipt else PacketState.SENT
    row.reason, row.attempts, row.not_before, row.last_error, row.waits = "", 0, 0, "", ""


def _matching(filters: Filters, now: int) -> Select[PacketRow]:
    return select(PacketRow).where(PacketRow.state.not_in(TERMINAL), *_conditions(filters, now))


def _conditions(filters: Filters, now: int) -> Iterator[ColumnElement[bool]]:
    if filters.route is not None:
        yield PacketRow.lane == filters.route
    if filters.sender is not None:
        yield func.lower(PacketRow.sender) == filters.sender.lower()
    if filters.older_than_seconds is not None:
        yield PacketRow.first_seen <= now - filters.older_than_seconds
    if filters.reason is not None:
        told = func.lower(PacketRow.waits + " " + PacketRow.reason + " " + PacketRow.last_error)
        yield told.contains(filters.reason.lower(), autoescape=True)


def _row(session: Session, packet_id: bytes, *, lock: bool = False) -> PacketRow:
    query = select(PacketRow).where(PacketRow.packet_id == packet_id)
    row = session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        raise NoSuchPacket(f"0x{packet_id.hex()}")
    return row


def _missing(session: Session, lane: str) -> int:
    gaps = session.scalars(select(GapRow).where(GapRow.lane == lane))
    return sum(gap.last_nonce - gap.first_nonce + 1 for gap in gaps)


def _view(row: PacketRow) -> PacketView:
    return PacketView(
        packet_id=row.packet_id,
        route=row.lane,
        nonce=row.nonce,
        sender=row.sender,
        state=PacketState(row.state),
        waits=row.waits,
        reason=row.reason,
        last_error=row.last_error,
        attempts=row.attempts,
        next_attempt_at=row.not_before,
        first_seen_at=row.first_seen,
        deadline=row.timeout_timestamp,
        claimed_by=row.claimed_by,
    )
