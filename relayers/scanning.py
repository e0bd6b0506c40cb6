"""Reads finalised blocks of both ends of a lane for what their events hint at, and notices events that are missing.

Nonces of a mailbox have no gaps. A scan that does not find one of those the mailbox has counted keeps the range and
reads it again until the event is there; meanwhile it goes on, so that a node's hole delays nobody else's packet.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from bridge.mailbox import AnsweredPacket, SentPacket
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_store import PacketStore, SeenAnswer, SeenGap, SeenPacket
from relayers.profit import Racing
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import MISSING_EVENTS
from relayers.states import AbandonReason

SCAN_BLOCKS_MAX = 1_000


class Scanner:
    """Fills a lane's store. A cursor moves in the same transaction that keeps what was found before it."""

    def __init__(self, lane: Lane, packets: PacketStore, racing: Racing, hook: Hook) -> None:
        self._lane = lane
        self._packets = packets
        self._racing = racing
        self._hook = hook
        self._answers_read_down_to = 0

    def scan_source(self, journal: Journal) -> None:
        """Packets sent on this lane."""
        source = self._lane.source
        final = source.chain.finalized_header().number
        next_block = self._packets.source_cursor(source.first_block)
        if next_block > final:
            return
        count, now = source.mailbox.packet_count(block=final), source.now()

        def read(first: int, last: int) -> None:
            sent = source.mailbox.sent(first, last)
            expected = self._packets.next_nonce()
            nonces = {item.nonce for item in sent if item.nonce < count}
            end = count if last == final else max([expected, *(nonce + 1 for nonce in nonces)])
            missing = sorted(set(range(expected, end)) - nonces)
            self._hook(CrashPoint.AFTER_READ)
            new = self._packets.record_packets(
                self._mine(sent),
                last + 1,
                next_nonce=end,
                gaps=[
                    SeenGap(first_nonce=low, last_nonce=high, first_block=first, last_block=last)
                    for low, high in _runs(missing)
                ],
                now=now,
                not_before=self._turn(now),
            )
            self._tell(journal, new)
            self._hook(CrashPoint.AFTER_PERSIST)

        _in_chunks(next_block, final, read)

    def fill_gaps(self, journal: Journal) -> None:
        """Read again where events are missing."""
        source = self._lane.source
        now = source.now()
        for number, gap in self._packets.gaps(due_at=now):
            sent = source.mailbox.sent(gap.first_block, gap.last_block)
            found = {item.nonce for item in sent}
            is_filled = found >= set(range(gap.first_nonce, gap.last_nonce + 1))
            self._tell(
                journal,
                self._packets.fill_gap(number, self._mine(sent), is_filled=is_filled, now=now, schedule=MISSING_EVENTS),
            )
            if not is_filled:
                nonces = f"nonces {gap.first_nonce} to {gap.last_nonce}"
                journal.waits_for(WaitsFor.EVENTS, f"blocks {gap.first_block} to {gap.last_block}", nonces)

    def scan_destination(self) -> None:
        """Answers given at the destination, whoever's packets they are about."""
        destination = self._lane.destination
        next_block = self._packets.destination_cursor(destination.first_block)

        def read(first: int, last: int) -> None:
            answered = destination.mailbox.answered(first, last)
            self._hook(CrashPoint.AFTER_READ)
            self._packets.record_answers([_hint(item) for item in answered], last + 1)
            self._hook(CrashPoint.AFTER_PERSIST)

        _in_chunks(next_block, destination.chain.finalized_header().number, read)

    def read_answers_again(self) -> None:
        """A piece of the destination's past, the newest first and then around again: a node left out an answer.

        Nothing there counts answers as nonces count packets: only the receipt in storage shows that one is missing.
        """
        destination = self._lane.destination
        last = self._answers_read_down_to or destination.chain.finalized_header().number
        first = max(destination.first_block, last - SCAN_BLOCKS_MAX + 1)
        self._packets.record_answers([_hint(item) for item in destination.mailbox.answered(first, last)])
        self._answers_read_down_to = first - 1 if first > destination.first_block else 0

    def _turn(self, now: int) -> Callable[[bytes], int]:
        def not_before(packet_id: bytes) -> int:
            wait = self._racing.wait_seconds(packet_id)
            return now + wait if wait else 0

        return not_before

    def _tell(self, journal: Journal, new: Iterable[SeenPacket]) -> None:
        for item in new:
            if item.abandoned:
                journal.did(Did.ABANDONED, item.packet_id, item.abandoned)
            else:
                journal.did(Did.SEEN, item.packet_id)

    def _mine(self, sent: Iterable[SentPacket]) -> list[SeenPacket]:
        here = (self._lane.destination.chain.chain_id, self._lane.route_epoch)
        return [self._judge(item) for item in sent if (item.destination_chain, item.route_epoch) == here]

    def _judge(self, item: SentPacket) -> SeenPacket:
        return SeenPacket(
            packet_id=item.packet_id,
            packet=item.packet,
            nonce=item.nonce,
            block=item.block,
            abandoned=self._fault(item),
        )

    def _fault(self, item: SentPacket) -> AbandonReason | None:
        if item.packet is None:
            return AbandonReason.ID_MISMATCH if item.problem is None else AbandonReason.MALFORMED
        if item.packet.destination_mailbox != self._lane.destination.mailbox.address:
            return AbandonReason.WRONG_PEER
        return None


def _hint(item: AnsweredPacket) -> SeenAnswer:
    return SeenAnswer(packet_id=item.packet_id, status=item.status, ack=item.ack, payee=item.payee, block=item.block)


def _in_chunks(first: int, last: int, read: Callable[[int, int], None]) -> None:
    while first <= last:
        end = min(first + SCAN_BLOCKS_MAX - 1, last)
        read(first, end)
        first = end + 1


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of consecutive numbers."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]
