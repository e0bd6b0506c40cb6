"""The sequencer: gives every step its place, makes it durable, confirms it, and cuts the sequence into batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from exchange.engine import SECP256K1, Event, ForcedItem, Reason, Rejected, RoundFlipped, Signatures
from exchange.engine.due import due_step, remedy
from exchange.engine.steps import StepKind
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
from exchange.sequencer.ledger import Ledger, Place
from exchange.sequencer.log import OrderedLog
from exchange.state import State, WithdrawalProof
from exchange.state.hashing import keccak256

Outcome = Confirmation | Rejected | Unavailable

NONCED_KINDS = frozenset(
    (
        StepKind.PLACE_ORDER,
        StepKind.CANCEL_ORDER,
        StepKind.CANCEL_ALL,
        StepKind.WITHDRAW,
        StepKind.PLACE_SPECIAL,
        StepKind.REPLACE,
        StepKind.CANCEL_CLIENT,
        StepKind.SET_KEY,
        StepKind.OPEN_SUB_ACCOUNT,
        StepKind.TRANSFER,
        StepKind.PLACE_BULK,
        StepKind.SCHEDULE_CANCEL_ALL,
        StepKind.SET_PROTECTION,
        StepKind.SET_FLAGS,
        StepKind.PROPOSE,
        StepKind.CANCEL_OPERATION,
        StepKind.LOCK_CASH,
        StepKind.QUEUE_WITHDRAWAL,
        StepKind.RESERVE_REBALANCE,
        StepKind.LEAVE_QUEUE,
    )
)
"""Steps that can have an effect only once: sent again, they are answered with the confirmation they got."""


_REMEDIES_MAX = 64
"""Steps that make room for a refused one, before it is refused for good."""


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

        None if nothing was. The same bytes until `confirm_posted`, also after a restart.
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

    @property
    def posted_batches(self) -> int:
        """Index of the oldest batch that is not known to be posted."""
        return self._assembly.next_index - len(self._assembly.sealed)

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
            place, events = self._sequence_helped(step, clock)
        except Rejected as rejected:
            known = self._ledger.places.get(keccak256(step))
            return (known, []) if known is not None and step[0] in NONCED_KINDS else rejected
        flipped = (self.state.markets_of[event.underlying] for event in events if isinstance(event, RoundFlipped))
        markets = self.state.dirty_markets.union(*flipped)
        return place, events + self._drain(markets, clock)

    def _sequence_helped(self, step: bytes, clock: int) -> tuple[Place, list[Event]]:
        """Execute a step; where dead orders or a cancel-all that has come are in its way, those first."""
        for _ in range(_REMEDIES_MAX):
            try:
                return self._sequence(step, clock)
            except Rejected as rejected:
                cure = remedy(self.state, step, rejected.reason)
                if cure is None:
                    raise
            self._sequence(cure, clock)
        return self._sequence(step, clock)

    def _drain(self, markets: Iterable[int], clock: int) -> list[Event]:
        """Do what is due: unfinished orders and envelopes, crossed triggers. Nothing else may happen there before."""
        events: list[Event] = []
        involved = set(markets)
        while (due := due_step(self.state, sorted(involved))) is not None:
            events += self._sequence(due, clock)[1]
            involved |= self.state.dirty_markets
        return events

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
        sequence, step_hash, clock = place.sequence, place.step_hash, place.clock
        signature = self._signer.sign(sequence=sequence, step_hash=step_hash, clock=clock)
        return Confirmation(
            sequence=sequence, step_hash=step_hash, clock=clock, signature=signature, events=tuple(events)
        )
