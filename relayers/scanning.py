"""Reads finalised blocks of both ends of a lane for what their events hint at."""

from collections.abc import Callable

from bridge.mailbox import AnsweredPacket, SentPacket
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_store import PacketStore, SeenAnswer, SeenPacket
from relayers.reports import Did, Journal
from relayers.states import AbandonReason

SCAN_BLOCKS_MAX = 1_000


class Scanner:
    """Fills a lane's store. A cursor moves in the same transaction that keeps what was found before it."""

    def __init__(self, lane: Lane, packets: PacketStore, hook: Hook) -> None:
        self._lane = lane
        self._packets = packets
        self._hook = hook

    def scan_source(self, journal: Journal) -> None:
        """Packets sent on this lane."""
        source = self._lane.source
        next_block = self._packets.source_cursor(source.first_block)

        def read(first: int, last: int) -> None:
            sent = source.mailbox.sent(first, last)
            self._hook(CrashPoint.AFTER_READ)
            mine = [self._judge(item) for item in sent if self._is_mine(item)]
            for new in self._packets.record_packets(mine, last + 1):
                if new.abandoned:
                    journal.did(Did.ABANDONED, new.packet_id, new.abandoned)
                else:
                    journal.did(Did.SEEN, new.packet_id)
            self._hook(CrashPoint.AFTER_PERSIST)

        _in_chunks(next_block, source.chain.finalized_header().number, read)

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

    def _is_mine(self, item: SentPacket) -> bool:
        here = (self._lane.destination.chain.chain_id, self._lane.route_epoch)
        return (item.destination_chain, item.route_epoch) == here

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
