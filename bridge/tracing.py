"""Follows one packet over both its chains."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.errors import Reason, Rejected
from bridge.mailbox import AcknowledgedPacket, AnsweredPacket, Mailbox, SentPacket
from bridge.packets import Packet, Status, receipt_hash
from bridge.registry import Deployment
from chains.chain import Chain


class Stage(StrEnum):
    """How far a packet has come."""

    SENT = "sent"
    """Committed at its source, not answered at its destination."""
    ANSWERED = "answered"
    """Answered at its destination; the source does not know yet."""
    ACKNOWLEDGED = "acknowledged"
    """Answered, and the source knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketTrace:
    """What both chains' storage says of a packet, with the blocks in which its events lie.

    `status` is NONE and `ack` empty until it is answered. `sender_told` is None until it is acknowledged.
    """

    packet_id: bytes
    packet: Packet
    stage: Stage
    status: Status
    ack: bytes
    sent_block: int
    answered_block: int | None
    acknowledged_block: int | None
    sender_told: bool | None


def trace_packet(deployment: Deployment, chains: Mapping[int, Chain], packet_id: bytes) -> PacketTrace:
    """Find a packet on any chain of the network and say where it is.

    Events find it, storage decides. Raises `Rejected(NO_SUCH_PACKET)` when no chain has it or storage contradicts
    the event.
    """
    source, sent = _find(deployment, chains, packet_id)
    packet = sent.packet
    if packet is None:
        raise Rejected(Reason.NO_SUCH_PACKET, f"its events contradict its id: {sent.problem}")
    entry = deployment.chain(packet.destination_chain)
    destination = Mailbox(chains[entry.chain_id], entry.mailbox)
    answered = _answer(destination, packet_id, entry.deployed_at)
    committed = source.commitment(packet_id) == packet_id
    if not committed and answered is None:
        raise Rejected(Reason.NO_SUCH_PACKET, "an event tells of it, but no storage does")
    acknowledged = None if committed else _acknowledgement(source, packet_id, sent.block)
    stage = Stage.SENT if answered is None else Stage.ANSWERED if committed else Stage.ACKNOWLEDGED
    return PacketTrace(
        packet_id=packet_id,
        packet=packet,
        stage=stage,
        status=answered.status if answered else Status.NONE,
        ack=answered.ack if answered else b"",
        sent_block=sent.block,
        answered_block=answered.block if answered else None,
        acknowledged_block=acknowledged.block if acknowledged else None,
        sender_told=acknowledged.sender_told if acknowledged else None,
    )


def _find(deployment: Deployment, chains: Mapping[int, Chain], packet_id: bytes) -> tuple[Mailbox, SentPacket]:
    for entry in deployment.chains:
        mailbox = Mailbox(chains[entry.chain_id], entry.mailbox)
        for sent in mailbox.sent(entry.deployed_at, mailbox.chain.head().number):
            if sent.packet_id == packet_id:
                return mailbox, sent
    raise Rejected(Reason.NO_SUCH_PACKET, "0x" + packet_id.hex())


def _answer(destination: Mailbox, packet_id: bytes, first_block: int) -> AnsweredPacket | None:
    """The answer whose event hashes to the receipt in storage."""
    receipt = destination.receipt(packet_id)
    if not any(receipt):
        return None
    for answered in destination.answered(first_block, destination.chain.head().number):
        parts = (answered.status, answered.ack, answered.payee)
        if answered.packet_id == packet_id and receipt_hash(packet_id, *parts) == receipt:
            return answered
    raise Rejected(Reason.NO_SUCH_PACKET, "a receipt in storage, but no event that explains it")


def _acknowledgement(source: Mailbox, packet_id: bytes, first_block: int) -> AcknowledgedPacket | None:
    for acknowledged in source.acknowledged(first_block, source.chain.head().number):
        if acknowledged.packet_id == packet_id:
            return acknowledged
    return None
