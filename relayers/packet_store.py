"""The packets of one lane: rows that only move along legal transitions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bridge.packets import Answer, Packet, Status, decode_packet, encode_packet, receipt_hash
from relayers.errors import IllegalTransition
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import CIRCUMSTANCES_WAIT_SECONDS, Failure, RetrySchedule, classify
from relayers.states import TRANSITIONS, AbandonReason, PacketState
from relayers.store import Store, set_cursor
from relayers.submission import Failed
from relayers.tables import AnswerRow, PacketRow


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


class PacketStore:
    """Rows of one lane in the relayers' database."""

    def __init__(self, store: Store, lane: str) -> None:
        self._store = store
        self._lane = lane

    def source_cursor(self, start: int) -> int:
        """First source block not scanned for packets."""
        return self._store.cursor(f"packets {self._lane}", start)

    def destination_cursor(self, start: int) -> int:
        """First destination block not scanned for answers."""
        return self._store.cursor(f"answers {self._lane}", start)

    def record_packets(self, seen: Iterable[SeenPacket], next_block: int) -> list[SeenPacket]:
        """Keep what is new together with the cursor; returns what was new."""
        with self._store.transaction() as session:
            new = [item for item in seen if self._insert_packet(session, item)]
            set_cursor(session, f"packets {self._lane}", next_block)
        return new

    def _insert_packet(self, session: Session, item: SeenPacket) -> bool:
        if session.get(PacketRow, (self._lane, item.packet_id)) is not None:
            return False
        session.add(
            PacketRow(
                lane=self._lane,
                packet_id=item.packet_id,
                encoding=encode_packet(item.packet) if item.packet else b"",
                nonce=item.nonce,
                timeout_timestamp=item.packet.timeout_timestamp if item.packet else 0,
                sent_block=item.block,
                state=(PacketState.ABANDONED if item.abandoned else PacketState.SENT).value,
                reason=item.abandoned.value if item.abandoned else "",
            )
        )
        session.flush()
        return True

    def record_answers(self, seen: Iterable[SeenAnswer], next_block: int) -> None:
        """Keep what events said about answers together with the cursor."""
        with self._store.transaction() as session:
            for item in seen:
                session.merge(
                    AnswerRow(
                        lane=self._lane,
                        packet_id=item.packet_id,
                        receipt=item.receipt,
                        status=int(item.status),
                        ack=item.ack,
                        payee=item.payee,
                        block=item.block,
                    )
                )
            set_cursor(session, f"answers {self._lane}", next_block)

    def in_states(
        self, states: Sequence[PacketState], *, due_at: int | None = None, told: bool = False
    ) -> list[TrackedPacket]:
        """Rows in any of the states by nonce.

        `due_at`: only those whose next attempt is not later. `told`: of those merely SENT, only the ones that an event
        says were answered.
        """
        query = select(PacketRow).where(PacketRow.lane == self._lane, PacketRow.state.in_([s.value for s in states]))
        if due_at is not None:
            query = query.where(PacketRow.not_before <= due_at)
        if told:
            hint = select(AnswerRow.packet_id).where(
                AnswerRow.lane == self._lane, AnswerRow.packet_id == PacketRow.packet_id
            )
            query = query.where(or_(PacketRow.state != PacketState.SENT.value, hint.exists()))
        with self._store.transaction() as session:
            rows = session.scalars(query.order_by(PacketRow.nonce, PacketRow.packet_id)).all()
            return [_tracked(row) for row in rows]

    def answer_with(self, packet: TrackedPacket, receipt: bytes) -> Answer | None:
        """The answer an event told of that hashes to the receipt word, or None."""
        with self._store.transaction() as session:
            row = session.get(AnswerRow, (self._lane, packet.packet_id, receipt))
            if row is None:
                return None
            return Answer(
                packet=packet.packet,
                status=Status(row.status),
                ack=row.ack,
                payee=to_checksum_address(row.payee),
            )

    def move(self, packet_ids: Iterable[bytes], to: PacketState, *, reason: AbandonReason | None = None) -> None:
        """Move rows along a legal transition, all or none; raises `IllegalTransition`."""
        with self._store.transaction() as session:
            for packet_id in packet_ids:
                row = self._row(session, packet_id, to)
                row.not_before = 0
                if reason is not None:
                    row.reason = reason.value

    def move_answered(self, packet_id: bytes, receipt: bytes, block: int) -> None:
        """Keep the receipt word seen at a final block, and forget the failures before it."""
        with self._store.transaction() as session:
            row = self._row(session, packet_id, PacketState.ANSWERED)
            row.receipt, row.answered_block = receipt, block
            row.attempts, row.not_before, row.last_error = 0, 0, ""

    def fail(self, packet_id: bytes, back_to: PacketState, *, error: str, not_before: int, counts: bool) -> None:
        """Note a failed attempt and when the next one is due; raises `IllegalTransition`."""
        with self._store.transaction() as session:
            row = self._row(session, packet_id, back_to)
            row.attempts += counts
            row.last_error = error
            row.not_before = not_before

    def _row(self, session: Session, packet_id: bytes, to: PacketState) -> PacketRow:
        row = session.get_one(PacketRow, (self._lane, packet_id))
        if to not in TRANSITIONS[PacketState(row.state)]:
            raise IllegalTransition(row.state, to.value)
        row.state = to.value
        return row

    def state_of(self, packet_id: bytes) -> PacketState | None:
        """Where a packet is, or None if this lane never saw it."""
        with self._store.transaction() as session:
            row = session.get(PacketRow, (self._lane, packet_id))
            return None if row is None else PacketState(row.state)

    def reason_of(self, packet_id: bytes) -> str:
        """Why a packet was abandoned, else why its last attempt failed, else nothing."""
        with self._store.transaction() as session:
            row = session.get(PacketRow, (self._lane, packet_id))
            return "" if row is None else row.reason or row.last_error


def _tracked(row: PacketRow) -> TrackedPacket:
    return TrackedPacket(
        packet_id=row.packet_id,
        packet=decode_packet(row.encoding),
        state=PacketState(row.state),
        sent_block=row.sent_block,
        attempts=row.attempts,
        not_before=row.not_before,
        receipt=row.receipt or b"",
        answered_block=row.answered_block or 0,
    )


def note_failures(  # noqa: PLR0913 - one call site's facts
    journal: Journal,
    packets: PacketStore,
    failed: Sequence[Failed[TrackedPacket]],
    *,
    back_to: PacketState,
    schedule: RetrySchedule,
    now: int,
) -> None:
    """Move failed packets back and set their next attempt; circumstances cost a short wait and no attempt."""
    for failure in failed:
        packet, error = failure.item, failure.error
        counts = classify(error) is Failure.ITEMS
        wait = schedule.wait_seconds(packet.attempts + 1) if counts else CIRCUMSTANCES_WAIT_SECONDS
        packets.fail(packet.packet_id, back_to, error=str(error), not_before=now + wait, counts=counts)
        journal.did(Did.FAILED, packet.packet_id, str(error))
        journal.waits_for(WaitsFor.RETRY, packet.packet_id, f"in {wait} s")
