"""The sequencer: gives every step its place, makes it durable, confirms it, and cuts the sequence into batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from exchange.engine import SECP256K1, Event, ForcedItem, Reason, Rejected, Signatures
from exchange.engine.due import markets_after, run_due, with_remedies
from exchange.rollup.batch import Batch
from exchange.rollup.forced_items import item_hash
from exchange.rollup.segment import MAX_STEP_BYTES, STEP_LENGTH_BYTES, encoded_size
from exchange.sequencer.assembly import ROOT_BYTES, Limits
from exchange.sequencer.confirmation import Confirmation, ConfirmationSigner
from exchange.sequencer.errors import (
    BatchReason,
    BatchRefused,
    CorruptReason,
    ForcedItemRefused,
    ForcedReason,
    LogCorrupt,
    Unavailable,
    UnavailableReason,
)
from exchange.sequencer.feed import Feed, Sequenced, Subscriber
from exchange.sequencer.kinds import DUE_KINDS, NONCED_KINDS
from exchange.sequencer.ledger import Ledger
from exchange.sequencer.log import OrderedLog
from exchange.sequencer.recutting import Place, Recut, Redone
from exchange.state import State, WithdrawalProof
from exchange.state.hashing import keccak256

Outcome = Confirmation | Rejected | Unavailable


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """Seconds."""


class Sequencer:
    """One writer over one log; not for use by two threads at once.

    `state` must be at genesis: the log is replayed onto it. Raises `LogCorrupt` for a log that is damaged or starts
    from another root, `LogDiverged` where the engine no longer comes to the results in the log.

    When the log cannot be written, everything raises `Unavailable(LogFailed)` until a new sequencer opens the log: what
    was executed and not written is then gone, and nobody was told of it. Sending a signed step again is always safe.
    """

    def __init__(  # noqa: PLR0913 - each is one thing a test replaces
        self,
        state: State,
        log: OrderedLog,
        signer: ConfirmationSigner,
        clock: Clock,
        *,
        limits: Limits | None = None,
        signatures: Signatures = SECP256K1,
    ) -> None:
        if log.genesis != state.root:
            raise LogCorrupt(CorruptReason.FOREIGN)
        self.state = state
        self.log = log
        self._signer = signer
        self._clock = clock
        self._feed = Feed()
        self._notices: list[Sequenced] = []
        self._failed = False
        self._ledger = Ledger(state, limits or Limits(), signatures)
        self._assembly = self._ledger.assembly
        for entry in log.read():
            self._ledger.repeat(entry)
        with self._group():
            self._drain(range(len(state.markets)), self._now())

    # Taking in

    def submit(self, step: bytes) -> Confirmation:
        """Execute one step and make it durable. Raises the engine's `Rejected`, or `Unavailable`."""
        (outcome,) = self.submit_many([step])
        if isinstance(outcome, Confirmation):
            return outcome
        raise outcome

    def submit_many(self, steps: Sequence[bytes]) -> list[Outcome]:
        """Execute steps in order and make them durable in one write; each has its own outcome.

        Raises `Unavailable(LogFailed)` if that write fails: then none of them was confirmed.
        """
        with self._group():
            clock = self._now()
            placed = [self._place(step, clock) for step in steps]
        return [self._confirm(*found) if isinstance(found, tuple) else found for found in placed]

    def take_forced(self, first_index: int, items: Sequence[ForcedItem]) -> int:
        """Execute items of the forced queue, the first of them at `first_index`, each once; return how many were new.

        Items taken before are skipped. Raises, with nothing taken, `ForcedItemRefused` for a gap or for another item
        than the one taken at its index, and `MalformedItem`.
        """
        fresh = self._fresh(first_index, items)
        with self._group():
            clock = self._now()
            for item in fresh:
                self._make_room(0, clock, forced=True)
                events = self._ledger.take(item, clock)
                self._tell(None, self.forced_cursor - 1, clock, events)
        return len(fresh)

    def tick(self) -> bool:
        """Close the open segment if time has moved on since it was opened; true if it was closed."""
        segment = self._assembly.open
        if segment is None or segment.is_empty or segment.clock >= self._now():
            return False
        return self.flush()

    def flush(self) -> bool:
        """Close the open segment; true if there was one with anything in it."""
        with self._group():
            return self._close()

    # Batches

    def next_batch(self) -> Batch | None:
        """The oldest batch that is not posted; if there is none, what was taken in since becomes one.

        None if nothing was. The same bytes until `confirm_posted` or `recut`, also after a restart.
        """
        with self._group():
            if not self._assembly.sealed:
                self._close()
                self._seal()
        return self._assembly.sealed[0] if self._assembly.sealed else None

    def confirm_posted(self, index: int, commitment: bytes) -> None:
        """Take note that the settlement chain has batch `index` for good; posted before is fine.

        Raises `BatchRefused`, also when the commitment there is not that of the batch sealed here.
        """
        if index < self.posted_batches:
            return
        with self._group():
            sealed = self._assembly.sealed
            if sealed and sealed[0].index == index and sealed[0].commitment() != commitment:
                raise BatchRefused(BatchReason.COMMITMENT, index)
            self._ledger.post(index)

    def recut(self, index: int, *, earliest: int, overdue: int | None = None) -> Recut:
        """Cut everything since the last posted batch anew: the settlement chain can never take batch `index` again.

        Whoever calls knows that from final blocks: it is not there, and either its first clock lies below `earliest`
        (seconds), the lowest that will be taken, or item `overdue` of the forced queue should have been in it. What was
        taken of the queue goes first; then the steps in their order, none at a clock below `earliest`. Of what was
        confirmed, what comes out differently is in the answer, told to subscribers and kept for `redone`.
        Raises, with nothing changed, `BatchRefused` where what is known here says otherwise.
        """
        head = self._require_dead(index, earliest, overdue)
        with self._group():
            work = self._ledger.discard(head.index, earliest)
            floor = max(self.state.header.clock, earliest)
            for item in work.items:
                self._make_room(0, floor, forced=True)
                events = self._ledger.take(item, floor)
                self._tell(None, self.forced_cursor - 1, floor, events)
            for segment_clock, step in work.steps:
                self._redo(step, max(segment_clock, floor))
            made = self._ledger.recut_made(work)
            notice = Sequenced(sequence=work.sequence, clock=floor, step=None, forced_index=None, events=(), recut=made)
            self._notices.insert(0, notice)
        return made

    def redone(self, step_hash: bytes) -> Redone | None:
        """What became of a confirmed step that was executed anew and came out differently; None: it stands."""
        return self._ledger.redone.get(step_hash)

    @property
    def posted_batches(self) -> int:
        """Index of the oldest batch that is not known to be posted."""
        return self._assembly.posted_count

    @property
    def backlog_bytes(self) -> int:
        """Bytes confirmed and not known to be posted, claimed roots included."""
        return self._assembly.backlog

    @property
    def forced_cursor(self) -> int:
        """Index of the next item of the forced queue."""
        return len(self._ledger.items)

    # Withdrawals

    def withdrawals_in(self, batch_index: int) -> tuple[WithdrawalProof, ...]:
        """Withdrawals made in a batch, each with its proof under the batch's last root. Raises `BatchRefused`."""
        try:
            return self._ledger.withdrawals[batch_index]
        except KeyError:
            raise BatchRefused(BatchReason.UNKNOWN, batch_index) from None

    def prove_withdrawal(self, withdrawal_id: int, batch_index: int) -> WithdrawalProof:
        """Prove a withdrawal under the last root of the batch it was made in. Raises `BatchRefused`."""
        for proof in self.withdrawals_in(batch_index):
            if proof.withdrawal.id == withdrawal_id:
                return proof
        raise BatchRefused(BatchReason.NO_WITHDRAWAL, batch_index)

    # Watching

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have `subscriber` called with everything sequenced from now on, once durable; the answer ends that."""
        return self._feed.subscribe(subscriber)

    @property
    def has_failed(self) -> bool:
        """Whether the log could not be written, or this is closed: only a new sequencer goes on."""
        return self._failed

    def close(self) -> None:
        """Let go of the log."""
        self._failed = True
        self.log.close()

    # Inside

    @contextmanager
    def _group(self) -> Iterator[None]:
        """Write all records of the block in one go, then tell subscribers."""
        if self._failed:
            raise Unavailable(UnavailableReason.LOG_FAILED)
        try:
            yield
            if self._ledger.unsaved:
                self.log.append(self._ledger.unsaved)
        except BatchRefused:
            raise
        except BaseException:
            self._failed = True
            raise
        self._ledger.unsaved.clear()
        notices, self._notices = self._notices, []
        self._feed.tell(notices)

    def _now(self) -> int:
        return max(self._clock.now(), self.state.header.clock)

    def _place(self, step: bytes, clock: int) -> tuple[Place, list[Event]] | Rejected | Unavailable:
        if len(step) > MAX_STEP_BYTES:
            return Rejected(Reason.MALFORMED)
        if self._assembly.is_backlog_full(encoded_size((step,)) + ROOT_BYTES):
            return Unavailable(UnavailableReason.BACKLOG_FULL)
        try:
            place, events = with_remedies(self.state, step, lambda one: self._sequence(one, clock))
        except Rejected as rejected:
            known = self._ledger.places.get(keccak256(step))
            return (known, []) if known is not None and step[0] in NONCED_KINDS else rejected
        return place, events + self._drain(markets_after(self.state, events), clock)

    def _drain(self, markets: Iterable[int], clock: int) -> list[Event]:
        return run_due(self.state, markets, lambda step: self._sequence(step, clock)[1])

    def _sequence(self, step: bytes, clock: int) -> tuple[Place, list[Event]]:
        self._make_room(STEP_LENGTH_BYTES + len(step), clock)
        place, events = self._ledger.accept(step, clock)
        self._tell(step, None, clock, events)
        return place, events

    def _make_room(self, size: int, clock: int, *, forced: bool = False) -> None:
        segment = self._assembly.open
        if segment is not None and (segment.clock != clock or segment.is_full or (forced and segment.steps)):
            self._close()
        if self._assembly.open is None:
            size += encoded_size(()) + ROOT_BYTES
        if not self._assembly.fits(size):
            self._close()
            self._seal()

    def _require_dead(self, index: int, earliest: int, overdue: int | None) -> Batch:
        sealed = self._assembly.sealed
        if index != self.posted_batches or not sealed:
            raise BatchRefused(BatchReason.OUT_OF_ORDER if sealed else BatchReason.UNKNOWN, index)
        head = sealed[0]
        segments = head.segments()
        taken = self._ledger.posted_items + sum(segment.forced_count for segment in segments)
        is_late = segments[0].clock < earliest <= self._clock.now()
        lacks_item = overdue is not None and taken <= overdue < self.forced_cursor
        if not (is_late or lacks_item):
            raise BatchRefused(BatchReason.ALIVE, index)
        return head

    def _redo(self, step: bytes, clock: int) -> None:
        if step[0] in DUE_KINDS:
            return
        try:
            _, events = with_remedies(self.state, step, lambda one: self._sequence(one, clock))
        except Rejected as rejected:
            self._ledger.undo(step, rejected.reason.value)
            return
        self._drain(markets_after(self.state, events), clock)

    def _close(self) -> bool:
        self._ledger.drop_empty_segment()
        if self._assembly.open is None:
            return False
        self._ledger.close()
        return True

    def _seal(self) -> None:
        if self._assembly.closed:
            self._ledger.seal()

    def _fresh(self, first_index: int, items: Sequence[ForcedItem]) -> Sequence[ForcedItem]:
        """The items that were not taken yet, once all of them are known to be in order."""
        cursor = self.forced_cursor
        if first_index > cursor:
            raise ForcedItemRefused(ForcedReason.GAP, index=first_index, cursor=cursor)
        for index, item in enumerate(items, first_index):
            digest = item_hash(item)
            if index < cursor and digest != self._ledger.items[index]:
                raise ForcedItemRefused(ForcedReason.CONFLICT, index=index, cursor=cursor)
        return items[cursor - first_index :]

    def _tell(self, step: bytes | None, forced_index: int | None, clock: int, events: list[Event]) -> None:
        sequence = self.state.header.sequence
        self._notices.append(
            Sequenced(sequence=sequence, clock=clock, step=step, forced_index=forced_index, events=tuple(events))
        )

    def _confirm(self, place: Place, events: list[Event]) -> Confirmation:
        sequence, step_hash, clock, cut = place.sequence, place.step_hash, place.clock, place.cut
        signature = self._signer.sign(sequence=sequence, step_hash=step_hash, clock=clock, cut=cut)
        return Confirmation(
            sequence=sequence, step_hash=step_hash, clock=clock, cut=cut, signature=signature, events=tuple(events)
        )
