"""The packets of one lane: rows that only move along legal transitions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from eth_utils.address import to_checksum_address
from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.packets import Answer, Packet, Status, decode_packet, encode_packet, receipt_hash
from relayers.dialects import insert_new
from relayers.errors import IllegalTransition, NotNow, Superseded
from relayers.packet_claims import Condition, claim, is_any_free
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import CIRCUMSTANCES_WAIT_SECONDS, Failure, RetrySchedule, classify
from relayers.states import TRANSITIONS, AbandonReason, AsideReason, PacketState
from relayers.store import Store, set_cursor
from relayers.submission import Failed
from relayers.tables import AnswerRow, CursorRow, GapRow, PacketRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPacket:
    """What a scan found: a packet, or why its events can never become one."""

    packet_id: bytes
    packet: Packet | None
    nonce: int
    block: int
    abandoned: AbandonReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAnswer:
    """What an event said about a packet's answer."""

    packet_id: bytes
    status: Status
    ack: bytes
    payee: str
    block: int

    @property
    def receipt(self) -> bytes:
        """The word that proves it, if it is true."""
        return receipt_hash(self.packet_id, self.status, self.ack, to_checksum_address(self.payee))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGap:
    """Nonces of the source mailbox whose events a scan of these blocks did not find; all ends included."""

    first_nonce: int
    last_nonce: int
    first_block: int
    last_block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedPacket:
    """A row, read."""

    packet_id: bytes
    packet: Packet
    state: PacketState
    sent_block: int
    attempts: int
    not_before: int
    receipt: bytes
    answered_block: int
    first_seen: int = 0
    answered_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A receipt word seen at a final block, when it was, and when it may be taken to the source."""

    packet_id: bytes
    receipt: bytes
    block: int
    at: int = 0
    not_before: int = 0


class PacketStore:
    """Rows of one lane in the relayers' database."""

    def __init__(self, store: Store, lane: str) -> None:
        self._store = store
        self._lane = lane

    # Scans

    def source_cursor(self, start: int) -> int:
        """First source block not scanned for packets."""
        return self._store.cursor(f"packets {self._lane}", start)

    def next_nonce(self) -> int:
        """Nonce of the source mailbox that the next scan has to find."""
        with self._store.reading() as session:
            row = session.get(CursorRow, f"packets {self._lane}")
            return 0 if row is None or row.next_nonce is None else row.next_nonce

    def destination_cursor(self, start: int) -> int:
        """First destination block not scanned for answers."""
        return self._store.cursor(f"answers {self._lane}", start)

    def record_packets(  # noqa: PLR0913 - what one scan found
        self,
        seen: Iterable[SeenPacket],
        next_block: int,
        *,
        next_nonce: int | None = None,
        gaps: Iterable[SeenGap] = (),
        now: int = 0,
        not_before: Callable[[bytes], int] = lambda _: 0,
    ) -> list[SeenPacket]:
        """Keep what is new together with the cursor and what is missing; returns what was new.

        not_before: when a packet may be delivered first, in seconds.
        """
        with self._store.transaction() as session:
            new = [item for item in seen if self._insert_packet(session, item, now, not_before(item.packet_id))]
            for gap in gaps:
                session.add(
                    GapRow(
                        lane=self._lane,
                        first_nonce=gap.first_nonce,
                        last_nonce=gap.last_nonce,
                        first_block=gap.first_block,
                        last_block=gap.last_block,
                    )
                )
            set_cursor(session, f"packets {self._lane}", next_block, next_nonce)
        return new

    def _insert_packet(self, session: Session, item: SeenPacket, now: int, not_before: int) -> bool:
        return insert_new(
            session,
            PacketRow,
            lane=self._lane,
            packet_id=item.packet_id,
            encoding=encode_packet(item.packet) if item.packet else b"",
            nonce=item.nonce,
            timeout_timestamp=item.packet.timeout_timestamp if item.packet else 0,
            sent_block=item.block,
            state=(PacketState.ABANDONED if item.abandoned else PacketState.SENT).value,
            reason=item.abandoned.value if item.abandoned else "",
            attempts=0,
            not_before=not_before,
            last_error="",
            sender=item.packet.sender if item.packet else "",
            first_seen=now,
        )

    def gaps(self, *, due_at: int) -> list[tuple[int, SeenGap]]:
        """Missing events that are to be read again, with the numbers of their rows."""
        query = select(GapRow).where(GapRow.lane == self._lane, GapRow.not_before <= due_at).order_by(GapRow.id)
        with self._store.reading() as session:
            return [
                (
                    row.id,
                    SeenGap(
                        first_nonce=row.first_nonce,
                        last_nonce=row.last_nonce,
                        first_block=row.first_block,
                        last_block=row.last_block,
                    ),
                )
                for row in session.scalars(query)
            ]

    def fill_gap(
        self, number: int, seen: Iterable[SeenPacket], *, is_filled: bool, now: int, schedule: RetrySchedule
    ) -> list[SeenPacket]:
        """Keep what was found after all; the gap goes, or is read again later."""
        with self._store.transaction() as session:
            new = [item for item in seen if self._insert_packet(session, item, now, 0)]
            row = session.get(GapRow, number, with_for_update=True)
            if row is not None and is_filled:
                session.delete(row)
            elif row is not None:
                row.attempts += 1
                row.not_before = now + schedule.wait_seconds(row.attempts)
        return new

    def record_answers(self, seen: Iterable[SeenAnswer], next_block: int | None = None) -> None:
        """Keep what events said about answers together with the cursor, which stays where none is given."""
        with self._store.transaction() as session:
            for item in seen:
                insert_new(
                    session,
                    AnswerRow,
                    lane=self._lane,
                    packet_id=item.packet_id,
                    receipt=item.receipt,
                    status=int(item.status),
                    ack=item.ack,
                    payee=item.payee,
                    block=item.block,
                )
            if next_block is not None:
                set_cursor(session, f"answers {self._lane}", next_block)

    # Reading

    def claim(self, *conditions: Condition, now: int) -> list[TrackedPacket]:
        """Rows to work on until `CLAIM_SECONDS` from now, by nonce; see packet_claims. Looks before it locks."""
        with self._store.reading() as session:
            if not is_any_free(session, self._lane, self._store.replica, now, conditions):
                return []
        with self._store.transaction() as session:
            rows = claim(session, self._lane, self._store.replica, now, conditions)
            return [_tracked(row) for row in rows]

    def in_states(self, states: Sequence[PacketState], *, due_at: int | None = None) -> list[TrackedPacket]:
        """Rows in any of the states by nonce, whoever works on them; `due_at`: whose next attempt is not later."""
        query = select(PacketRow).where(PacketRow.lane == self._lane, PacketRow.state.in_([s.value for s in states]))
        if due_at is not None:
            query = query.where(PacketRow.not_before <= due_at)
        with self._store.reading() as session:
            rows = session.scalars(query.order_by(PacketRow.nonce, PacketRow.packet_id)).all()
            return [_tracked(row) for row in rows]

    def answers_with(self, packets: Sequence[TrackedPacket], receipts: Mapping[bytes, bytes]) -> dict[bytes, Answer]:
        """By packet id the answer an event told of that hashes to the packet's receipt word, where there is one."""
        if not packets:
            return {}
        ids = [packet.packet_id for packet in packets]
        query = select(AnswerRow).where(AnswerRow.lane == self._lane, AnswerRow.packet_id.in_(ids))
        with self._store.reading() as session:
            told = {(row.packet_id, row.receipt): row for row in session.scalars(query)}
        return {
            packet.packet_id: Answer(
                packet=packet.packet,
                status=Status(row.status),
                ack=row.ack,
                payee=to_checksum_address(row.payee),
            )
            for packet in packets
            if (row := told.get((packet.packet_id, receipts[packet.packet_id]))) is not None
        }

    def state_of(self, packet_id: bytes) -> PacketState | None:
        """Where a packet is, or None if this lane never saw it."""
        with self._store.reading() as session:
            row = session.get(PacketRow, (self._lane, packet_id))
            return None if row is None else PacketState(row.state)

    def reason_of(self, packet_id: bytes) -> str:
        """Why a packet was abandoned or set aside, else why its last attempt failed, else nothing."""
        with self._store.reading() as session:
            row = session.get(PacketRow, (self._lane, packet_id))
            return "" if row is None else row.reason or row.last_error

    # Moving

    def move(
        self, packet_ids: Iterable[bytes], to: PacketState, *, reason: AbandonReason | AsideReason | None = None
    ) -> None:
        """Move rows along a legal transition, all or none; raises `IllegalTransition`, `Superseded`."""
        with self._store.transaction() as session:
            self.move_in(session, packet_ids, to, reason=reason)

    def move_in(
        self,
        session: Session,
        packet_ids: Iterable[bytes],
        to: PacketState,
        *,
        reason: AbandonReason | AsideReason | None = None,
    ) -> None:
        """The same within a transaction that does more; in the order of the ids, so that two never wait crosswise."""
        for packet_id in sorted(packet_ids):
            row = self._row(session, packet_id, to)
            row.not_before, row.waits = 0, ""
            if reason is not None or to is PacketState.ACKNOWLEDGED:
                row.reason = reason.value if reason is not None else ""

    def move_answered(self, answered: Iterable[Answered]) -> None:
        """Keep the receipt words, and forget the failures before them; all or none."""
        in_order = sorted(answered, key=lambda one: one.packet_id)
        if not in_order:
            return
        with self._store.transaction() as session:
            for one in in_order:
                row = self._row(session, one.packet_id, PacketState.ANSWERED)
                row.receipt, row.answered_block, row.answered_at = one.receipt, one.block, one.at
                row.attempts, row.not_before, row.last_error, row.reason, row.waits = 0, one.not_before, "", "", ""

    def fail(self, packet_id: bytes, back_to: PacketState, *, error: str, not_before: int, counts: bool) -> None:
        """Note a failed attempt and when the next one is due; raises `IllegalTransition`, `Superseded`."""
        with self._store.transaction() as session:
            row = self._row(session, packet_id, back_to, may_stay=True)
            row.attempts += counts
            row.last_error = error
            row.waits = WaitsFor.RETRY.value
            row.not_before = not_before

    def wait(self, packet_ids: Iterable[bytes], waits_for: WaitsFor, *, not_before: int = 0) -> None:
        """Note what packets wait for, and until when they need not be looked at; their attempts do not grow."""
        with self._store.transaction() as session:
            for packet_id in sorted(packet_ids):
                row = self._mine(session, packet_id)
                if row.waits != waits_for or row.not_before != not_before:
                    row.waits, row.not_before = waits_for.value, not_before

    def _row(self, session: Session, packet_id: bytes, to: PacketState, *, may_stay: bool = False) -> PacketRow:
        row = self._mine(session, packet_id)
        before = PacketState(row.state)
        if to not in TRANSITIONS[before] and not (may_stay and to is before):
            raise IllegalTransition(row.state, to.value)
        row.state = to.value
        return row

    def _mine(self, session: Session, packet_id: bytes) -> PacketRow:
        row = session.get_one(PacketRow, (self._lane, packet_id), with_for_update=True)
        if row.claimed_by not in {"", self._store.replica}:
            raise Superseded(f"packet 0x{packet_id.hex()}")
        return row


_decoded = lru_cache(maxsize=4_096)(decode_packet)
"""Every step reads the same rows again."""


def _tracked(row: PacketRow) -> TrackedPacket:
    return TrackedPacket(
        packet_id=row.packet_id,
        packet=_decoded(row.encoding),
        state=PacketState(row.state),
        sent_block=row.sent_block,
        attempts=row.attempts,
        not_before=row.not_before,
        receipt=row.receipt or b"",
        answered_block=row.answered_block or 0,
        first_seen=row.first_seen,
        answered_at=row.answered_at,
    )


POISON_ATTEMPTS = 16
"""A delivery that has failed so often is set aside until its deadline, when it expires; an acknowledgement for good."""


def note_failures(  # noqa: PLR0913 - one call site's facts
    journal: Journal,
    packets: PacketStore,
    failed: Sequence[Failed[TrackedPacket]],
    *,
    back_to: PacketState,
    schedule: RetrySchedule,
    now: int,
) -> None:
    """Set failed packets' next attempt; circumstances cost a short wait and no attempt, and are told by their name."""
    for failure in failed:
        packet, error = failure.item, failure.error
        if isinstance(error, NotNow):
            packets.wait([packet.packet_id], error.waits_for, not_before=now + CIRCUMSTANCES_WAIT_SECONDS)
            journal.waits_for(error.waits_for, packet.packet_id, error.detail)
            continue
        counts = classify(error) is Failure.ITEMS
        wait = schedule.wait_seconds(packet.attempts + 1) if counts else CIRCUMSTANCES_WAIT_SECONDS
        packets.fail(packet.packet_id, back_to, error=str(error), not_before=now + wait, counts=counts)
        journal.did(Did.FAILED, packet.packet_id, str(error))
        journal.waits_for(WaitsFor.RETRY, packet.packet_id, f"in {wait} s")
        if counts:
            set_aside_poison(journal, packets, packet, back_to, str(error))


def set_aside_poison(
    journal: Journal, packets: PacketStore, packet: TrackedPacket, back_to: PacketState, error: str
) -> None:
    """After an attempt that failed and went back: nothing more is spent on what has failed so often."""
    if packet.attempts + 1 >= POISON_ATTEMPTS:
        reason = AsideReason.POISON if back_to is PacketState.SENT else AsideReason.UNACKNOWLEDGED
        packets.move([packet.packet_id], PacketState.SET_ASIDE, reason=reason)
        journal.did(Did.SET_ASIDE, packet.packet_id, f"{reason}: {error}")
