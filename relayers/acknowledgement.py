"""Carries answers back: reads what became of each attempt, proves the receipts at the source."""

from collections.abc import Sequence
from functools import partial

from bridge.packets import Answer, receipt_slot
from chains.headers import SealedHeader
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_store import PacketStore, TrackedPacket, note_failures
from relayers.proving import ProvenWords, Prover
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import ACKNOWLEDGEMENT
from relayers.states import UNANSWERED, PacketState
from relayers.submission import batches, submit_splitting

BASE_GAS = 1_000_000
ANSWER_GAS = 800_000
"""Proof and bookkeeping, and the mailbox's fixed allowance for the sender's callback."""


class Acknowledger:
    """Moves packets to ANSWERED once their receipt is final, and to ACKNOWLEDGED once the source knows."""

    def __init__(self, lane: Lane, packets: PacketStore, prover: Prover, hook: Hook) -> None:
        self._lane = lane
        self._packets = packets
        self._prover = prover
        self._hook = hook

    def observe(self, journal: Journal) -> None:
        """Compare unfinished rows with both chains' final state; an attempt that left no trace goes back."""
        final_destination = self._lane.destination.chain.finalized_header().number
        for packet in self._packets.in_states(UNANSWERED, told=True):
            self._observe_answer(journal, packet, final_destination)
        final_source = self._lane.source.chain.finalized_header().number
        for packet in self._packets.in_states([PacketState.ANSWERED, PacketState.ACKNOWLEDGING]):
            self._observe_acknowledgement(journal, packet, final_source)

    def _observe_answer(self, journal: Journal, packet: TrackedPacket, final: int) -> None:
        mailbox = self._lane.destination.mailbox
        receipt = mailbox.receipt(packet.packet_id, block=final)
        if any(receipt):
            told = self._packets.answer_with(packet, receipt)
            if told is None:
                journal.waits_for(WaitsFor.DESTINATION_FINALITY, packet.packet_id, "the event of the answer")
                return
            self._packets.move_answered(packet.packet_id, receipt, final)
            journal.did(Did.ANSWERED, packet.packet_id, told.status.name)
        elif any(mailbox.receipt(packet.packet_id)):
            journal.waits_for(WaitsFor.DESTINATION_FINALITY, packet.packet_id)
        elif packet.state is not PacketState.SENT:
            self._packets.move([packet.packet_id], PacketState.SENT)

    def _observe_acknowledgement(self, journal: Journal, packet: TrackedPacket, final: int) -> None:
        mailbox = self._lane.source.mailbox
        if not any(mailbox.commitment(packet.packet_id, block=final)):
            self._packets.move([packet.packet_id], PacketState.ACKNOWLEDGED)
            journal.did(Did.ACKNOWLEDGED, packet.packet_id)
        elif not any(mailbox.commitment(packet.packet_id)):
            journal.waits_for(WaitsFor.SOURCE_FINALITY, packet.packet_id)
        elif packet.state is PacketState.ACKNOWLEDGING:
            self._packets.move([packet.packet_id], PacketState.ANSWERED)

    def acknowledge(self, journal: Journal, now: int) -> None:
        """Prove at the source what is due, in batches that share the account proof."""
        due = self._packets.in_states([PacketState.ANSWERED], due_at=now)
        if not due:
            return
        header = self._prover.header(journal, needed=max(packet.answered_block for packet in due), now=now)
        if header is None:
            return
        ready = [packet for packet in due if packet.answered_block <= header.number]
        for batch in batches(ready, lambda _: ANSWER_GAS):
            self._acknowledge_batch(journal, batch, header, now)

    def _acknowledge_batch(self, journal: Journal, batch: list[TrackedPacket], header: SealedHeader, now: int) -> None:
        proven = self._prover.prove(header, {receipt_slot(packet.packet_id): packet.receipt for packet in batch})
        visible = [packet for packet in batch if receipt_slot(packet.packet_id) in proven.slots]
        answers = {packet.packet_id: self._answer(packet) for packet in visible}
        self._packets.move(answers, PacketState.ACKNOWLEDGING)
        self._hook(CrashPoint.AFTER_PERSIST)
        failed = submit_splitting(visible, partial(self._submit, proven, answers)) if visible else []
        self._hook(CrashPoint.AFTER_ACT)
        note_failures(journal, self._packets, failed, back_to=PacketState.ANSWERED, schedule=ACKNOWLEDGEMENT, now=now)
        lost = {failure.item.packet_id for failure in failed}
        for packet in visible:
            if packet.packet_id not in lost:
                journal.did(Did.SUBMITTED, packet.packet_id, "acknowledgement")
        self._hook(CrashPoint.AFTER_CONFIRM)

    def _answer(self, packet: TrackedPacket) -> Answer:
        answer = self._packets.answer_with(packet, packet.receipt)
        if answer is None:
            raise LookupError(f"no answer kept for {packet.packet_id.hex()}")
        return answer

    def _submit(self, proven: ProvenWords, answers: dict[bytes, Answer], group: Sequence[TrackedPacket]) -> None:
        source = self._lane.source
        proof = proven.encode(tuple(receipt_slot(packet.packet_id) for packet in group))
        call = source.mailbox.contract.functions.acknowledge(
            [answers[packet.packet_id].as_abi() for packet in group], proof, source.signer.address
        )
        source.chain.transact(call, source.signer, gas=BASE_GAS + ANSWER_GAS * len(group))
