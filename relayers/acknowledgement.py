"""Carries answers back: reads what became of each attempt, proves the receipts at the source."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy.orm import Session
from web3.contract.contract import ContractFunction

from bridge.packets import Answer, Status, receipt_slot
from chains.headers import SealedHeader
from relayers.batching import ANSWER_ALONE_GAS, HoldDown, hold_back, pays_alone
from relayers.crash_points import CrashPoint, Hook
from relayers.lanes import Lane
from relayers.packet_claims import in_states, is_due, is_left_to_others, is_under_way_or_told
from relayers.packet_store import Answered, PacketStore, TrackedPacket, note_failures, set_aside_poison
from relayers.profit import ProfitRule, Racing
from relayers.proving import ProvenWords, Prover
from relayers.reports import Did, Journal, WaitsFor
from relayers.retries import ACKNOWLEDGEMENT, DELIVERY, PROFIT_WAIT_SECONDS
from relayers.states import UNANSWERED, PacketState
from relayers.store import Store
from relayers.submission import batches, submit_splitting
from relayers.submitter import Errand, ErrandKind, Outcome, Submitter, ledger

BASE_GAS = 1_000_000
ANSWER_GAS = 800_000
"""Proof and bookkeeping, and the mailbox's fixed allowance for the sender's callback."""
ATTEMPTS: Mapping[PacketState, ErrandKind] = {
    PacketState.DELIVERING: ErrandKind.DELIVER,
    PacketState.EXPIRING: ErrandKind.EXPIRE,
}


class Acknowledger:
    """Moves packets to ANSWERED once their receipt is final, and to ACKNOWLEDGED once the source knows."""

    def __init__(  # noqa: PLR0913 - the parts of one lane
        self,
        store: Store,
        lane: Lane,
        packets: PacketStore,
        prover: Prover,
        *,
        here: Submitter,
        there: Submitter,
        profit: ProfitRule,
        racing: Racing,
        hold: HoldDown,
        read_answers_again: Callable[[], None],
        hook: Hook,
    ) -> None:
        """`here` spends at the source, where the answer goes; `there` at the destination, where it was given."""
        self._store = store
        self._lane = lane
        self._packets = packets
        self._prover = prover
        self._here = here
        self._there = there
        self._profit = profit
        self._racing = racing
        self._hold = hold
        self._read_answers_again = read_answers_again
        self._missed: set[bytes] = set()
        self._hook = hook

    # What became of attempts

    def observe(self, journal: Journal) -> None:
        """Compare unfinished rows with both chains' final state; an attempt that left no trace goes back."""
        now = self._lane.source.chain.clock.now()
        self._observe_answers(journal, self._packets.claim(in_states(*UNANSWERED), is_under_way_or_told(), now=now))
        under_way = in_states(PacketState.ANSWERED, PacketState.ACKNOWLEDGING)
        self._observe_acknowledgements(journal, self._packets.claim(under_way, now=now))
        self._observe_others(journal, self._packets.claim(is_left_to_others(), now=now))

    def _observe_others(self, journal: Journal, packets: Sequence[TrackedPacket]) -> None:
        """What is set aside here and done by others is done."""
        if not packets:
            return
        mailbox = self._lane.source.mailbox
        final = mailbox.chain.finalized_header().number
        known = [packet.packet_id for packet in packets if packet.sent_block <= final]
        commitments = mailbox.commitments(known, block=final)
        done = [packet_id for packet_id, word in commitments.items() if not any(word)]
        self._packets.move(done, PacketState.ACKNOWLEDGED)
        for packet_id in done:
            journal.did(Did.ACKNOWLEDGED, packet_id, "by others")

    def _outcomes(self, packets: Sequence[TrackedPacket]) -> dict[bytes, Outcome]:
        found: dict[bytes, Outcome] = {}
        for state, kind in ATTEMPTS.items():
            found |= self._there.outcomes(kind, [packet.packet_id for packet in packets if packet.state is state])
        return found

    def _observe_answers(self, journal: Journal, packets: Sequence[TrackedPacket]) -> None:
        outcomes = self._outcomes(packets)
        looked_at = self._mined(journal, packets, outcomes)
        final = self._lane.destination.chain.finalized_header().number
        mailbox = self._lane.destination.mailbox
        receipts = mailbox.receipts([packet.packet_id for packet in looked_at], block=final)
        self._keep_answers(
            journal, [packet for packet in looked_at if any(receipts[packet.packet_id])], receipts, final
        )
        rest = [packet for packet in looked_at if not any(receipts[packet.packet_id])]
        newest = mailbox.receipts([packet.packet_id for packet in rest])
        not_final = []
        for packet in rest:
            outcome = outcomes.get(packet.packet_id)
            if outcome is Outcome.INCLUDED or any(newest[packet.packet_id]):
                not_final.append(packet.packet_id)
            elif packet.state in ATTEMPTS:
                self._again(journal, packet, outcome)
        self._wait(journal, not_final, WaitsFor.DESTINATION_FINALITY)

    def _mined(
        self, journal: Journal, packets: Sequence[TrackedPacket], outcomes: Mapping[bytes, Outcome]
    ) -> list[TrackedPacket]:
        """Those about which nothing is on its way any more."""
        looked_at = []
        for packet in packets:
            if outcomes.get(packet.packet_id) is Outcome.PENDING:
                journal.waits_for(WaitsFor.INCLUSION, packet.packet_id)
            else:
                looked_at.append(packet)
        return looked_at

    def _wait(self, journal: Journal, packet_ids: Sequence[bytes], waits_for: WaitsFor) -> None:
        self._packets.wait(packet_ids, waits_for)
        for packet_id in packet_ids:
            journal.waits_for(waits_for, packet_id)

    def _keep_answers(
        self, journal: Journal, packets: Sequence[TrackedPacket], receipts: Mapping[bytes, bytes], final: int
    ) -> None:
        told = self._packets.answers_with(packets, receipts)
        now = self._lane.source.now() if told else 0
        kept: list[Answered] = []
        untold = {packet.packet_id for packet in packets} - told.keys()
        if untold & self._missed:
            self._read_answers_again()
        self._missed = untold
        for packet_id in [packet.packet_id for packet in packets]:
            if packet_id not in told:
                journal.waits_for(WaitsFor.DESTINATION_FINALITY, packet_id, "the event of the answer")
                continue
            turn = self._racing.wait_seconds(packet_id)
            not_before = now + turn if turn else 0
            kept.append(
                Answered(packet_id=packet_id, receipt=receipts[packet_id], block=final, at=now, not_before=not_before)
            )
        self._packets.move_answered(kept)
        for one in kept:
            journal.did(Did.ANSWERED, one.packet_id, told[one.packet_id].status.name)

    def _again(self, journal: Journal, packet: TrackedPacket, outcome: Outcome | None) -> None:
        """An attempt left no trace. One that was mined for nothing counts, so that it is not repeated in every step."""
        if outcome is None:
            self._packets.move([packet.packet_id], PacketState.SENT)
            return
        kind = ATTEMPTS[packet.state]
        reason = self._there.submissions(kind, packet.packet_id)[-1].reason or "mined without effect"
        wait = DELIVERY.wait_seconds(packet.attempts + 1)
        not_before = self._lane.destination.now() + wait
        self._packets.fail(packet.packet_id, PacketState.SENT, error=reason, not_before=not_before, counts=True)
        journal.did(Did.FAILED, packet.packet_id, reason)
        journal.waits_for(WaitsFor.RETRY, packet.packet_id, f"in {wait} s")
        set_aside_poison(journal, self._packets, packet, PacketState.SENT, reason)

    def _observe_acknowledgements(self, journal: Journal, packets: Sequence[TrackedPacket]) -> None:
        sent = [packet.packet_id for packet in packets if packet.state is PacketState.ACKNOWLEDGING]
        outcomes = self._here.outcomes(ErrandKind.ACKNOWLEDGE, sent)
        looked_at = self._mined(journal, packets, outcomes)
        final = self._lane.source.chain.finalized_header().number
        # A node that lags calls a block final before which the packet was sent: no commitment there says nothing.
        self._wait(journal, [one.packet_id for one in looked_at if one.sent_block > final], WaitsFor.SOURCE_FINALITY)
        looked_at = [packet for packet in looked_at if packet.sent_block <= final]
        mailbox, ids = self._lane.source.mailbox, [packet.packet_id for packet in looked_at]
        at_final, newest = mailbox.commitments(ids, block=final), mailbox.commitments(ids)
        self._settle(journal, [packet for packet in looked_at if not any(at_final[packet.packet_id])])
        rest = [packet for packet in looked_at if any(at_final[packet.packet_id])]
        told = [packet.packet_id for packet in rest if not any(newest[packet.packet_id])]
        self._wait(journal, told, WaitsFor.SOURCE_FINALITY)
        for packet in rest:
            if any(newest[packet.packet_id]) and packet.state is PacketState.ACKNOWLEDGING:
                self._acknowledge_again(journal, packet, outcomes.get(packet.packet_id))

    def _acknowledge_again(self, journal: Journal, packet: TrackedPacket, outcome: Outcome | None) -> None:
        """The commitment is there still, though nothing is on its way."""
        if outcome is Outcome.INCLUDED:
            return
        wait = 0 if outcome is None else ACKNOWLEDGEMENT.wait_seconds(packet.attempts + 1)
        not_before = self._lane.source.now() + wait if wait else 0
        error = "" if outcome is None else "the acknowledgement was mined without effect"
        self._packets.fail(packet.packet_id, PacketState.ANSWERED, error=error, not_before=not_before, counts=wait > 0)
        if error:
            set_aside_poison(journal, self._packets, packet, PacketState.ANSWERED, error)

    def _settle(self, journal: Journal, packets: Sequence[TrackedPacket]) -> None:
        """The rows are done; what the packets' fees brought is known now. All of them are paid at the source."""
        if not packets:
            return
        answers = self._packets.answers_with(packets, {packet.packet_id: packet.receipt for packet in packets})
        with self._store.transaction() as session:
            self._packets.move_in(session, [packet.packet_id for packet in packets], PacketState.ACKNOWLEDGED)
            for packet in packets:
                self._earn(session, packet, answers.get(packet.packet_id))
        for packet in packets:
            journal.did(Did.ACKNOWLEDGED, packet.packet_id)

    def _earn(self, session: Session, packet: TrackedPacket, answer: Answer | None) -> None:
        fees = packet.packet.fees
        if packet.state is PacketState.ACKNOWLEDGING:
            chain_id = self._lane.source.chain.chain_id
            ledger.earn(session, chain_id, ErrandKind.ACKNOWLEDGE, packet.packet_id, fees.acknowledge)
        if answer is not None and answer.payee in self._there.addresses:
            is_expiry = answer.status is Status.EXPIRED
            kind = ErrandKind.EXPIRE if is_expiry else ErrandKind.DELIVER
            chain_id = self._lane.destination.chain.chain_id
            ledger.earn(session, chain_id, kind, packet.packet_id, fees.expire if is_expiry else fees.deliver)

    # Acknowledging

    def acknowledge(self, journal: Journal, now: int) -> None:
        """Prove at the source what is due, in batches that share the account proof."""
        time = self._lane.source.chain.clock.now()
        due = self._packets.claim(in_states(PacketState.ANSWERED), is_due(now), now=time)
        if not due:
            return
        chain_id = self._lane.source.chain.chain_id
        pressing = self._hold.pressing(
            due,
            since=lambda packet: packet.answered_at,
            now=now,
            pays_alone=pays_alone(
                self._profit,
                self._here.price,
                fee=lambda packet: packet.packet.fees.acknowledge,
                gas=ANSWER_ALONE_GAS,
                paid_on=chain_id,
                spent_on=chain_id,
            ),
        )
        hold_back(journal, self._packets, due, pressing, self._lane.key)
        if not pressing:
            return
        header = self._prover.header(journal, needed=max(packet.answered_block for packet in pressing), now=now)
        behind = [packet for packet in pressing if header is None or packet.answered_block > header.number]
        self._packets.wait((packet.packet_id for packet in behind), WaitsFor.CLIENT_UPDATE)
        if header is None:
            return
        ready = [packet for packet in due if packet.answered_block <= header.number]
        for batch in batches(self._untold(ready), lambda _: ANSWER_GAS):
            self._acknowledge_batch(journal, batch, header, now)

    def _untold(self, packets: Sequence[TrackedPacket]) -> list[TrackedPacket]:
        """Those for which nobody else was faster, in a block that is not final or still to come."""
        ids = [packet.packet_id for packet in packets]
        commitments = self._lane.source.mailbox.commitments(ids, block="pending")
        return [packet for packet in packets if any(commitments[packet.packet_id])]

    def _acknowledge_batch(self, journal: Journal, batch: list[TrackedPacket], header: SealedHeader, now: int) -> None:
        proven = self._prover.prove(header, {receipt_slot(packet.packet_id): packet.receipt for packet in batch})
        visible = [packet for packet in batch if receipt_slot(packet.packet_id) in proven.slots]
        answers = self._packets.answers_with(visible, {packet.packet_id: packet.receipt for packet in visible})
        visible = [packet for packet in visible if packet.packet_id in answers]
        paying = self._paying(journal, visible, proven, answers, now)
        failed = submit_splitting(paying, partial(self._submit, proven, answers)) if paying else []
        self._hook(CrashPoint.AFTER_ACT)
        note_failures(journal, self._packets, failed, back_to=PacketState.ANSWERED, schedule=ACKNOWLEDGEMENT, now=now)
        lost = {failure.item.packet_id for failure in failed}
        for packet in paying:
            if packet.packet_id not in lost:
                journal.did(Did.SUBMITTED, packet.packet_id, "acknowledgement")
        self._hook(CrashPoint.AFTER_CONFIRM)

    def _paying(
        self,
        journal: Journal,
        packets: list[TrackedPacket],
        proven: ProvenWords,
        answers: dict[bytes, Answer],
        now: int,
    ) -> list[TrackedPacket]:
        """Those that bring what their share of the call costs: the fee for the answer, and our own for the delivery."""
        asked = [p for p in packets if not self._profit.asks_nothing(self._lane.key, p.packet.sender)]
        if not asked:
            return packets
        call = self._call(proven, answers, packets)
        share = self._here.quote(call, self._errand(packets)) // len(packets)
        chain_id = self._lane.source.chain.chain_id
        poor = [
            packet
            for packet in asked
            if not self._profit.is_worth(
                self._income(packet, answers[packet.packet_id]), share, paid_on=chain_id, spent_on=chain_id
            )
        ]
        self._packets.wait((p.packet_id for p in poor), WaitsFor.PROFIT, not_before=now + PROFIT_WAIT_SECONDS)
        for packet in poor:
            journal.waits_for(WaitsFor.PROFIT, packet.packet_id, f"costs {share} wei")
        return [packet for packet in packets if packet not in poor]

    def _income(self, packet: TrackedPacket, answer: Answer) -> int:
        fees = packet.packet.fees
        if answer.payee not in self._there.addresses:
            return fees.acknowledge
        return fees.acknowledge + (fees.expire if answer.status is Status.EXPIRED else fees.deliver)

    def _call(
        self, proven: ProvenWords, answers: dict[bytes, Answer], group: Sequence[TrackedPacket]
    ) -> ContractFunction:
        proof = proven.encode(tuple(receipt_slot(packet.packet_id) for packet in group))
        function: ContractFunction = self._lane.source.mailbox.contract.functions.acknowledge(
            [answers[packet.packet_id].as_abi() for packet in group], proof, self._here.addresses[0]
        )
        return function

    def _errand(self, group: Sequence[TrackedPacket]) -> Errand:
        return Errand(
            kind=ErrandKind.ACKNOWLEDGE,
            subjects=tuple(packet.packet_id for packet in group),
            route=self._lane.key,
            gas=BASE_GAS + ANSWER_GAS * len(group),
        )

    def _submit(self, proven: ProvenWords, answers: dict[bytes, Answer], group: Sequence[TrackedPacket]) -> None:
        ids = [packet.packet_id for packet in group]
        self._here.submit(
            self._call(proven, answers, group),
            self._errand(group),
            keep=lambda session: self._packets.move_in(session, ids, PacketState.ACKNOWLEDGING),
        )
