"""Hands packets to their destination: proven while their deadline lies ahead, expired from then on."""

from collections.abc import Sequence
from functools import partial

from bridge.packets import commitment_slot
from chains.headers import SealedHeader
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_store import PacketStore, TrackedPacket, note_failures
from relayers.proving import ProvenWords, Prover
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import DELIVERY
from relayers.states import AbandonReason, PacketState
from relayers.submission import batches, submit_splitting

BASE_GAS = 1_000_000
PACKET_GAS = 500_000
EXPIRY_GAS = 100_000


def delivery_gas(packet: TrackedPacket) -> int:
    """Gas of one packet: proof and bookkeeping, and its recipient's call with the 64th that a call may not take."""
    return PACKET_GAS + packet.packet.gas_limit * 64 // 63


class Deliverer:
    """Moves packets from SENT to an attempt at an answer. What came of it is read from the chain by the next step."""

    def __init__(self, lane: Lane, packets: PacketStore, prover: Prover, hook: Hook) -> None:
        self._lane = lane
        self._packets = packets
        self._prover = prover
        self._hook = hook

    def deliver(self, journal: Journal, now: int) -> None:
        """Deliver what is due and not too late, in batches that share the account proof."""
        due = [
            packet
            for packet in self._packets.in_states([PacketState.SENT], due_at=now)
            if now < packet.packet.timeout_timestamp
        ]
        if not due:
            return
        header = self._prover.header(journal, needed=max(packet.sent_block for packet in due), now=now)
        if header is None:
            return
        ready = [packet for packet in due if packet.sent_block <= header.number]
        for batch in batches([packet for packet in ready if not self._is_answered(journal, packet)], delivery_gas):
            self._deliver_batch(journal, batch, header, now)

    def _is_answered(self, journal: Journal, packet: TrackedPacket) -> bool:
        """Whether somebody else was faster, in a block that may not be final."""
        answered = any(self._lane.destination.mailbox.receipt(packet.packet_id))
        if answered:
            journal.waits_for(WaitsFor.DESTINATION_FINALITY, packet.packet_id)
        return answered

    def _deliver_batch(self, journal: Journal, batch: list[TrackedPacket], header: SealedHeader, now: int) -> None:
        expected = {commitment_slot(packet.packet_id): packet.packet_id for packet in batch}
        proven = self._prover.prove(header, expected)
        committed = [packet for packet in batch if commitment_slot(packet.packet_id) in proven.slots]
        for packet in batch:
            if packet not in committed:
                self._settle_uncommitted(journal, packet)
        if not committed:
            return
        self._packets.move([packet.packet_id for packet in committed], PacketState.DELIVERING)
        self._hook(CrashPoint.AFTER_PERSIST)
        failed = submit_splitting(committed, partial(self._submit, proven))
        self._hook(CrashPoint.AFTER_ACT)
        note_failures(journal, self._packets, failed, back_to=PacketState.SENT, schedule=DELIVERY, now=now)
        lost = {failure.item.packet_id for failure in failed}
        for packet in committed:
            if packet.packet_id not in lost:
                journal.did(Did.DELIVERED, packet.packet_id)
        self._hook(CrashPoint.AFTER_CONFIRM)

    def _submit(self, proven: ProvenWords, group: Sequence[TrackedPacket]) -> None:
        destination = self._lane.destination
        proof = proven.encode(tuple(commitment_slot(packet.packet_id) for packet in group))
        call = destination.mailbox.contract.functions.receivePackets(
            [packet.packet.as_abi() for packet in group], proof, destination.signer.address
        )
        destination.chain.transact(call, destination.signer, gas=BASE_GAS + sum(map(delivery_gas, group)))

    def _settle_uncommitted(self, journal: Journal, packet: TrackedPacket) -> None:
        """A commitment is gone because the packet was answered and acknowledged, or was never there."""
        if any(self._lane.destination.mailbox.receipt(packet.packet_id)):
            self._packets.move([packet.packet_id], PacketState.ACKNOWLEDGED)
            journal.did(Did.ACKNOWLEDGED, packet.packet_id, "before this relayer saw it")
        else:
            self._packets.move([packet.packet_id], PacketState.ABANDONED, reason=AbandonReason.NOT_COMMITTED)
            journal.did(Did.ABANDONED, packet.packet_id, AbandonReason.NOT_COMMITTED)

    def expire(self, journal: Journal, now: int) -> None:
        """Expire what is due and too late."""
        late = [
            packet
            for packet in self._packets.in_states([PacketState.SENT], due_at=now)
            if now >= packet.packet.timeout_timestamp
        ]
        for batch in batches(late, lambda _: EXPIRY_GAS):
            self._packets.move([packet.packet_id for packet in batch], PacketState.EXPIRING)
            self._hook(CrashPoint.AFTER_PERSIST)
            failed = submit_splitting(batch, self._submit_expiry)
            self._hook(CrashPoint.AFTER_ACT)
            note_failures(journal, self._packets, failed, back_to=PacketState.SENT, schedule=DELIVERY, now=now)
            lost = {failure.item.packet_id for failure in failed}
            for packet in batch:
                if packet.packet_id not in lost:
                    journal.did(Did.EXPIRED, packet.packet_id)

    def _submit_expiry(self, group: Sequence[TrackedPacket]) -> None:
        destination = self._lane.destination
        call = destination.mailbox.contract.functions.expire(
            [packet.packet.as_abi() for packet in group], destination.signer.address
        )
        destination.chain.transact(call, destination.signer, gas=BASE_GAS + EXPIRY_GAS * len(group))
