"""Hands packets to their destination: proven while their deadline lies ahead, expired from then on."""

from collections.abc import Callable, Sequence
from functools import partial

from web3.contract.contract import ContractFunction

from bridge.packets import commitment_slot
from chains.errors import ChainError
from chains.headers import SealedHeader
from relayers.batching import DELIVERY_ALONE_GAS, HoldDown, hold_back, pays_alone
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_claims import in_states, is_due, is_in_time, is_late
from relayers.packet_store import PacketStore, TrackedPacket, note_failures
from relayers.profit import ProfitRule
from relayers.proving import ProvenWords, Prover
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import DELIVERY, PROFIT_WAIT_SECONDS
from relayers.states import AbandonReason, AsideReason, PacketState
from relayers.submission import batches, submit_splitting
from relayers.submitter import Errand, ErrandKind, Submitter

Call = Callable[[Sequence[TrackedPacket]], ContractFunction]

BASE_GAS = 1_000_000
PACKET_GAS = 500_000
EXPIRY_GAS = 100_000


def delivery_gas(packet: TrackedPacket) -> int:
    """Gas of one packet: proof and bookkeeping, and its recipient's call with the 64th that a call may not take."""
    return PACKET_GAS + packet.packet.gas_limit * 64 // 63


class Deliverer:
    """Moves packets from SENT to an attempt at an answer. What came of it is read from the chain by a later step."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of one lane
        self,
        lane: Lane,
        packets: PacketStore,
        prover: Prover,
        submitter: Submitter,
        profit: ProfitRule,
        hold: HoldDown,
        hook: Hook,
    ) -> None:
        self._lane = lane
        self._packets = packets
        self._prover = prover
        self._submitter = submitter
        self._profit = profit
        self._hold = hold
        self._hook = hook

    def deliver(self, journal: Journal, now: int) -> None:
        """Deliver what is due and not too late, in batches that share the account proof."""
        conditions = in_states(PacketState.SENT), is_due(now), is_in_time(now)
        due = self._admitted(journal, self._packets.claim(*conditions, now=self._time()))
        if not due:
            return
        pressing = self._hold.pressing(
            due,
            since=lambda packet: packet.first_seen,
            now=now,
            pays_alone=pays_alone(
                self._profit,
                self._submitter.price,
                fee=lambda packet: packet.packet.fees.deliver,
                gas=DELIVERY_ALONE_GAS,
                paid_on=self._lane.source.chain.chain_id,
                spent_on=self._lane.destination.chain.chain_id,
            ),
        )
        hold_back(journal, self._packets, due, pressing, self._lane.key)
        if not pressing:
            return
        header = self._prover.header(journal, needed=max(packet.sent_block for packet in pressing), now=now)
        behind = [packet for packet in pressing if header is None or packet.sent_block > header.number]
        self._packets.wait((packet.packet_id for packet in behind), WaitsFor.CLIENT_UPDATE)
        if header is None:
            return
        self._hook(CrashPoint.AFTER_HEADER)
        ready = [packet for packet in due if packet.sent_block <= header.number]
        for batch in batches(self._unanswered(journal, ready), delivery_gas):
            self._deliver_batch(journal, batch, header, now)

    def _time(self) -> int:
        return self._lane.destination.chain.clock.now()

    def _admitted(self, journal: Journal, packets: list[TrackedPacket]) -> list[TrackedPacket]:
        """Those that are not denied; the others are set aside."""
        denied = [packet for packet in packets if self._profit.denies(self._lane.key, packet.packet.sender)]
        if denied:
            ids = [packet.packet_id for packet in denied]
            self._packets.move(ids, PacketState.SET_ASIDE, reason=AsideReason.DENIED)
            for packet_id in ids:
                journal.did(Did.SET_ASIDE, packet_id, AsideReason.DENIED)
        return [packet for packet in packets if packet not in denied]

    def _unanswered(self, journal: Journal, packets: Sequence[TrackedPacket]) -> list[TrackedPacket]:
        """Those for which nobody else was faster, in a block that is not final or still to come."""
        receipts = self._lane.destination.mailbox.receipts([packet.packet_id for packet in packets], block="pending")
        answered = [packet_id for packet_id, receipt in receipts.items() if any(receipt)]
        self._packets.wait(answered, WaitsFor.DESTINATION_FINALITY)
        for packet_id in answered:
            journal.waits_for(WaitsFor.DESTINATION_FINALITY, packet_id)
        return [packet for packet in packets if not any(receipts[packet.packet_id])]

    def _deliver_batch(self, journal: Journal, batch: list[TrackedPacket], header: SealedHeader, now: int) -> None:
        expected = {commitment_slot(packet.packet_id): packet.packet_id for packet in batch}
        proven = self._prover.prove(header, expected)
        committed = [packet for packet in batch if commitment_slot(packet.packet_id) in proven.slots]
        for packet in batch:
            if packet not in committed:
                self._settle_uncommitted(journal, packet)
        paying = self._paying(journal, committed, partial(self._call, proven), ErrandKind.DELIVER, now)
        if not paying:
            return
        failed = submit_splitting(paying, partial(self._submit, proven))
        self._hook(CrashPoint.AFTER_ACT)
        note_failures(journal, self._packets, failed, back_to=PacketState.SENT, schedule=DELIVERY, now=now)
        lost = {failure.item.packet_id for failure in failed}
        for packet in paying:
            if packet.packet_id not in lost:
                journal.did(Did.DELIVERED, packet.packet_id)
        self._hook(CrashPoint.AFTER_CONFIRM)

    def _paying(
        self, journal: Journal, packets: list[TrackedPacket], call: Call, kind: ErrandKind, now: int
    ) -> list[TrackedPacket]:
        """Those whose fee is worth their share of what the call would cost now."""
        asked = [p for p in packets if not self._profit.asks_nothing(self._lane.key, p.packet.sender)]
        if not asked:
            return packets
        try:
            share = self._submitter.quote(call(packets), self._errand(kind, packets)) // len(packets)
        except ChainError:
            return packets  # the sending tells whose fault it is
        ends = {"paid_on": self._lane.source.chain.chain_id, "spent_on": self._lane.destination.chain.chain_id}
        poor = [p for p in asked if not self._profit.is_worth(_fee(p, kind), share, **ends)]
        self._packets.wait((p.packet_id for p in poor), WaitsFor.PROFIT, not_before=now + PROFIT_WAIT_SECONDS)
        for packet in poor:
            journal.waits_for(WaitsFor.PROFIT, packet.packet_id, f"pays {_fee(packet, kind)}, costs {share} wei")
        return [packet for packet in packets if packet not in poor]

    def _call(self, proven: ProvenWords, group: Sequence[TrackedPacket]) -> ContractFunction:
        proof = proven.encode(tuple(commitment_slot(packet.packet_id) for packet in group))
        function: ContractFunction = self._lane.destination.mailbox.contract.functions.receivePackets(
            [packet.packet.as_abi() for packet in group], proof, self._submitter.addresses[0]
        )
        return function

    def _submit(self, proven: ProvenWords, group: Sequence[TrackedPacket]) -> None:
        ids = [packet.packet_id for packet in group]
        self._submitter.submit(
            self._call(proven, group),
            self._errand(ErrandKind.DELIVER, group),
            keep=lambda session: self._packets.move_in(session, ids, PacketState.DELIVERING),
        )

    def _errand(self, kind: ErrandKind, group: Sequence[TrackedPacket]) -> Errand:
        is_delivery = kind is ErrandKind.DELIVER
        return Errand(
            kind=kind,
            subjects=tuple(packet.packet_id for packet in group),
            route=self._lane.key,
            gas=BASE_GAS + (sum(map(delivery_gas, group)) if is_delivery else EXPIRY_GAS * len(group)),
            deadline=min(packet.packet.timeout_timestamp for packet in group) if is_delivery else None,
        )

    def _settle_uncommitted(self, journal: Journal, packet: TrackedPacket) -> None:
        """A commitment is gone because the packet was answered and acknowledged, or was never there."""
        if any(self._lane.destination.mailbox.receipt(packet.packet_id)):
            self._packets.move([packet.packet_id], PacketState.ACKNOWLEDGED)
            journal.did(Did.ACKNOWLEDGED, packet.packet_id, "before this relayer saw it")
        else:
            self._packets.move([packet.packet_id], PacketState.ABANDONED, reason=AbandonReason.NOT_COMMITTED)
            journal.did(Did.ABANDONED, packet.packet_id, AbandonReason.NOT_COMMITTED)

    def expire(self, journal: Journal, now: int) -> None:
        """Expire what is due and too late, poison included: expiring runs no foreign code."""
        conditions = in_states(PacketState.SENT, PacketState.SET_ASIDE), is_due(now), is_late(now)
        late = self._admitted(journal, self._packets.claim(*conditions, now=self._time()))
        for batch in batches(self._unanswered(journal, late), lambda _: EXPIRY_GAS):
            paying = self._paying(journal, batch, self._expiry, ErrandKind.EXPIRE, now)
            failed = submit_splitting(paying, self._submit_expiry) if paying else []
            self._hook(CrashPoint.AFTER_ACT)
            note_failures(journal, self._packets, failed, back_to=PacketState.SENT, schedule=DELIVERY, now=now)
            lost = {failure.item.packet_id for failure in failed}
            for packet in paying:
                if packet.packet_id not in lost:
                    journal.did(Did.EXPIRED, packet.packet_id)

    def _expiry(self, group: Sequence[TrackedPacket]) -> ContractFunction:
        function: ContractFunction = self._lane.destination.mailbox.contract.functions.expire(
            [packet.packet.as_abi() for packet in group], self._submitter.addresses[0]
        )
        return function

    def _submit_expiry(self, group: Sequence[TrackedPacket]) -> None:
        ids = [packet.packet_id for packet in group]
        self._submitter.submit(
            self._expiry(group),
            self._errand(ErrandKind.EXPIRE, group),
            keep=lambda session: self._packets.move_in(session, ids, PacketState.EXPIRING),
        )


def _fee(packet: TrackedPacket, kind: ErrandKind) -> int:
    fees = packet.packet.fees
    return fees.deliver if kind is ErrandKind.DELIVER else fees.expire
