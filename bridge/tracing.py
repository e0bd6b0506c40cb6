"""Follows packets over both their chains: from sending to the answer, and to the refund where there is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from eth_typing import ChecksumAddress

from bridge.chain_history import WINDOW_BLOCKS, ChainHistory
from bridge.errors import Reason, Rejected
from bridge.mailbox import AnsweredPacket, SentPacket
from bridge.packets import Packet, Status, receipt_hash
from bridge.registry import Deployment
from chains.chain import Chain


class Stage(StrEnum):
    """How far a packet has come. PROVEN is skipped by what expires unseen, REFUNDED reached only by deposits."""

    SENT = "sent"
    """Committed at its source."""
    FINALIZED = "finalized"
    """In a final block of its source."""
    PROVEN = "proven"
    """Provable at its destination: the client there knows a header from that block on."""
    DELIVERED = "delivered"
    """Answered at its destination by its recipient, with success or failure."""
    EXPIRED = "expired"
    """Answered at its destination by the passing of its deadline."""
    ACKNOWLEDGED = "acknowledged"
    """Its source knows the answer."""
    REFUNDED = "refunded"
    """The vault paid back the deposit that was not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """When and where a packet reached a stage; `timestamp` in seconds. Finality happens in no transaction."""

    stage: Stage
    chain_id: int
    block: int
    timestamp: int
    transaction_hash: bytes | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketTrace:
    """What both chains say of a packet; `steps` in the order of the stages.

    `status` is NONE, `ack` empty and `payee` None until it is answered; `sender_told` is None until it is acknowledged.
    `is_settled`: nothing will happen to it any more, and what happened is final.
    """

    packet_id: bytes
    packet: Packet
    steps: tuple[TraceStep, ...]
    status: Status
    ack: bytes
    payee: ChecksumAddress | None
    sender_told: bool | None
    is_settled: bool

    @property
    def stage(self) -> Stage:
        """The last stage it reached."""
        return self.steps[-1].stage

    def step(self, stage: Stage) -> TraceStep | None:
        """How it reached a stage, or None."""
        return next((step for step in self.steps if step.stage is stage), None)


class PacketTracer:
    """Traces packets of one network again and again; a look reads only blocks that were not final at the one before.

    Events find a packet, storage decides. `chains` by chain id, all of the deployment's. `window_blocks`: blocks of
    one query for events.
    """

    def __init__(
        self, deployment: Deployment, chains: Mapping[int, Chain], *, window_blocks: int = WINDOW_BLOCKS
    ) -> None:
        self._histories = {
            entry.chain_id: ChainHistory(chains[entry.chain_id], entry, window_blocks=window_blocks)
            for entry in deployment.chains
        }
        self._settled: dict[bytes, PacketTrace] = {}

    def trace(self, packet_id: bytes) -> PacketTrace:
        """Where a packet is now.

        Raises `Rejected(NO_SUCH_PACKET)` when no chain has it or storage contradicts the event.
        """
        if packet_id in self._settled:
            return self._settled[packet_id]
        source, sent = self._find(packet_id)
        if sent.packet is None:
            raise Rejected(Reason.NO_SUCH_PACKET, f"its events contradict its id: {sent.problem}")
        destination = self._histories.get(sent.packet.destination_chain)
        if destination is None:
            raise Rejected(Reason.NO_SUCH_CHAIN, str(sent.packet.destination_chain))
        # The destination last: an answer that the source knows of is then known here.
        source.refresh()
        destination.refresh()
        trace = _Tracing(source, destination, sent, sent.packet).trace()
        if trace.is_settled:
            self._settled[packet_id] = trace
        return trace

    def sent(self) -> Iterator[SentPacket]:
        """Every sending the network's events tell of, chain by chain in order; nothing is held against storage."""
        for history in self._histories.values():
            history.refresh()
            yield from list(history.sent())

    def traces(self) -> Iterator[PacketTrace]:
        """Every packet of the network whose events agree, chain by chain in the order they were sent."""
        for sent in self.sent():
            if sent.packet is not None:
                yield self.trace(sent.packet_id)

    def _find(self, packet_id: bytes) -> tuple[ChainHistory, SentPacket]:
        """The sending, looked for in what was read before anything is read."""
        for is_fresh in (False, True):
            for history in self._histories.values():
                if is_fresh:
                    history.refresh()
                sent = history.sent_packet(packet_id)
                if sent is not None:
                    return history, sent
        raise Rejected(Reason.NO_SUCH_PACKET, "0x" + packet_id.hex())


def trace_packet(deployment: Deployment, chains: Mapping[int, Chain], packet_id: bytes) -> PacketTrace:
    """Where a packet is now; to ask again, keep a `PacketTracer`. Raises as `PacketTracer.trace` does."""
    return PacketTracer(deployment, chains).trace(packet_id)


@dataclass(frozen=True, slots=True)
class _Tracing:
    """One look at one packet, at the head that each history was refreshed to."""

    source: ChainHistory
    destination: ChainHistory
    sent: SentPacket
    packet: Packet

    def trace(self) -> PacketTrace:
        packet_id = self.sent.packet_id
        commitment = self.source.mailbox.commitment(packet_id, block=self.source.head_block)
        answered = self._answer()
        committed = commitment == packet_id
        if not committed and answered is None:
            raise Rejected(Reason.NO_SUCH_PACKET, "an event tells of it, but no storage does")
        steps = [*self._departure(), *self._arrival(answered)]
        acknowledged = None if committed else self.source.acknowledgement(packet_id)
        if acknowledged is not None:
            told = "" if acknowledged.sender_told else "the sender's callback failed"
            steps.append(
                self._step(
                    Stage.ACKNOWLEDGED, self.source, acknowledged.block, acknowledged.transaction_hash, detail=told
                )
            )
            steps.extend(self._refund())
        status = answered.status if answered else Status.NONE
        awaited = Stage.REFUNDED if self._is_refundable(status) else Stage.ACKNOWLEDGED
        return PacketTrace(
            packet_id=packet_id,
            packet=self.packet,
            steps=tuple(steps),
            status=status,
            ack=answered.ack if answered else b"",
            payee=answered.payee if answered else None,
            sender_told=acknowledged.sender_told if acknowledged else None,
            is_settled=steps[-1].stage is awaited and all(self._is_final(step) for step in steps),
        )

    def _departure(self) -> Iterator[TraceStep]:
        block = self.sent.block
        yield self._step(Stage.SENT, self.source, block, self.sent.transaction_hash)
        if block <= self.source.final_block:
            yield self._step(Stage.FINALIZED, self.source, block, None)

    def _arrival(self, answered: AnsweredPacket | None) -> Iterator[TraceStep]:
        known = self.destination.learned(self.packet.source_chain, self.sent.block)
        if known is not None and (answered is None or known.block <= answered.block):
            detail = f"height {known.height}"
            yield self._step(Stage.PROVEN, self.destination, known.block, known.transaction_hash, detail=detail)
        if answered is None:
            return
        block, transaction = answered.block, answered.transaction_hash
        if answered.status is Status.EXPIRED:
            yield self._step(Stage.EXPIRED, self.destination, block, transaction)
        else:
            detail = answered.status.name.lower()
            yield self._step(Stage.DELIVERED, self.destination, block, transaction, detail=detail)

    def _refund(self) -> Iterator[TraceStep]:
        payment = self.source.payment(self.sent.packet_id)
        if payment is not None:
            detail = f"{payment.amount} of {payment.asset} to {payment.recipient}"
            yield self._step(Stage.REFUNDED, self.source, payment.block, payment.transaction_hash, detail=detail)

    def _answer(self) -> AnsweredPacket | None:
        """The answer whose event hashes to the receipt in storage."""
        packet_id = self.sent.packet_id
        receipt = self.destination.mailbox.receipt(packet_id, block=self.destination.head_block)
        if not any(receipt):
            return None
        for answered in self.destination.answers(packet_id):
            if receipt_hash(packet_id, answered.status, answered.ack, answered.payee) == receipt:
                return answered
        raise Rejected(Reason.NO_SUCH_PACKET, "a receipt in storage, but no event that explains it")

    def _is_refundable(self, status: Status) -> bool:
        vault = self.source.vault
        is_deposit = vault is not None and self.packet.sender == vault.address
        return is_deposit and status in (Status.FAILURE, Status.EXPIRED)

    def _is_final(self, step: TraceStep) -> bool:
        history = self.source if step.chain_id == self.packet.source_chain else self.destination
        return step.block <= history.final_block

    @staticmethod
    def _step(
        stage: Stage, history: ChainHistory, block: int, transaction_hash: bytes | None, *, detail: str = ""
    ) -> TraceStep:
        return TraceStep(
            stage=stage,
            chain_id=history.chain.chain_id,
            block=block,
            timestamp=history.chain.header(block).timestamp,
            transaction_hash=transaction_hash,
            detail=detail,
        )
