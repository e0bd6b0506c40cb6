"""State and assembly moving together; every move leaves the record that repeats it."""

from exchange.engine import Event, ForcedItem, Rejected, Signatures, apply_forced, set_clock, try_apply
from exchange.rollup.batch import Batch
from exchange.rollup.forced_items import decode_item, encode_item
from exchange.sequencer.assembly import Assembly, Limits
from exchange.sequencer.errors import BatchRefused, CorruptReason, LogCorrupt, LogDiverged
from exchange.sequencer.kinds import DUE_KINDS, NONCED_KINDS
from exchange.sequencer.log import Entry
from exchange.sequencer.records import (
    BatchesRecut,
    BatchPosted,
    BatchSealed,
    ForcedTaken,
    Record,
    RecutMade,
    SegmentClosed,
    SegmentOpened,
    StepTaken,
    StepUndone,
    decode_record,
    encode_record,
)
from exchange.sequencer.recutting import Place, Receipt, Recut, Redone, Work
from exchange.state import State, WithdrawalProof
from exchange.state.hashing import keccak256


class Ledger:
    """What the log tells, executed. The sequencer decides which move comes next; `repeat` replays those it decided.

    `unsaved` are the records of moves the log does not have yet. `places` are the steps not yet known to be posted, by
    step hash. `items` are the hashes of all forced items taken. `withdrawals` are proofs by batch. `redone` are the
    confirmed steps that came out differently when what was not posted was cut anew, which happened `cut` times.
    """

    def __init__(self, state: State, limits: Limits, signatures: Signatures) -> None:
        self.state = state
        self._signatures = signatures
        self.assembly = Assembly(state.root, limits)
        self.unsaved: list[bytes] = []
        self.places: dict[bytes, Place] = {}
        self.items: list[bytes] = []
        self.withdrawals: dict[int, tuple[WithdrawalProof, ...]] = {}
        self._proven = state.header.withdrawal_count
        self._last_commits: dict[int, int] = {}
        self.cut = 0
        self.redone: dict[bytes, Redone] = {}
        self.posted_items = 0
        self._posted_commit = state.commit_number
        self._unposted_items: list[bytes] = []
        self._events: dict[bytes, list[Event]] = {}
        self._carried_on: list[Event] = []
        self._work: Work | None = None
        self._refused: dict[bytes, str] = {}

    def accept(self, step: bytes, clock: int) -> tuple[Place, list[Event]]:
        """Execute a step in the open segment, or in a new one at `clock`. Raises `Rejected`; then nothing moved."""
        if self.assembly.open is None:
            set_clock(self.state, clock)
        events = try_apply(self.state, step, self._signatures)
        self._enter(clock)
        self.assembly.add_step(step)
        self._note(StepTaken(step=step))
        place = Place(sequence=self.state.header.sequence, step_hash=keccak256(step), clock=clock, cut=self.cut)
        self.places[place.step_hash] = place
        if step[0] in DUE_KINDS:
            self._carried_on += events
        else:
            self._carried_on = list(events)
            if step[0] in NONCED_KINDS:
                self._events[place.step_hash] = self._carried_on
                if self._work is None:
                    self.redone.pop(place.step_hash, None)
        return place, events

    def take(self, item: ForcedItem, clock: int) -> list[Event]:
        """Execute the next forced item in the open segment, or in a new one at `clock`."""
        if self.assembly.open is None:
            set_clock(self.state, clock)
        self._enter(clock)
        self.assembly.add_forced()
        encoded = encode_item(item)
        self._note(ForcedTaken(index=len(self.items), item=encoded))
        self.items.append(keccak256(encoded))
        self._unposted_items.append(encoded)
        return apply_forced(self.state, item)

    def close(self) -> None:
        """End the open segment in a root."""
        root = self.state.commit()
        self.assembly.close(root)
        self._note(SegmentClosed(root=root))

    def seal(self) -> Batch:
        """Make the closed segments a batch, and prove its withdrawals while its root is the state's."""
        self.drop_empty_segment()
        batch = self.assembly.seal()
        self._note(BatchSealed(index=batch.index, commitment=batch.commitment()))
        count = self.state.commits[-1].withdrawal_count
        proofs = (self.state.prove_withdrawal(number) for number in range(self._proven, count))
        self.withdrawals[batch.index] = tuple(proofs)
        self._proven = count
        self._last_commits[batch.index] = self.state.commit_number
        return batch

    def post(self, index: int) -> None:
        """Note that the oldest sealed batch, which is `index`, is on chain. Raises `BatchRefused`."""
        count = 0
        for segment in self.assembly.posted(index).segments():
            count += segment.forced_count
            for step in segment.steps:
                digest = keccak256(step)
                self.places.pop(digest, None)
                self._events.pop(digest, None)
        self.posted_items += count
        del self._unposted_items[:count]
        self._posted_commit = self._last_commits.pop(index)
        self.state.forget_before(self._posted_commit)
        self._note(BatchPosted(index=index))

    def discard(self, index: int, clock: int) -> Work:
        """Go back to the last posted batch, and answer what was done since; `index` is the next batch."""
        receipts = {
            digest: Receipt(place=self.places[digest], events=tuple(events)) for digest, events in self._events.items()
        }
        items = tuple(decode_item(encoded) for encoded in self._unposted_items)
        segments = self.assembly.discard()
        self.state.revert_to(self._posted_commit)
        self._proven = self.state.header.withdrawal_count
        for batch in [number for number in self.withdrawals if number >= index]:
            del self.withdrawals[batch]
        self._last_commits.clear()
        del self.items[self.posted_items :]
        self._unposted_items.clear()
        self.places.clear()
        self._events.clear()
        self._carried_on = []
        self.cut += 1
        self._note(BatchesRecut(index=index, clock=clock))
        self._work = Work(
            index=index,
            cut=self.cut,
            sequence=self.state.header.sequence,
            items=items,
            steps=tuple((at, step) for at, steps in segments for step in steps),
            receipts=receipts,
        )
        return self._work

    def undo(self, step: bytes, reason: str) -> None:
        """Note that a step of the work at hand is refused now; of those without a nonce nobody holds a receipt."""
        if step[0] in NONCED_KINDS:
            self._undo(keccak256(step), reason)

    def _undo(self, step_hash: bytes, reason: str) -> None:
        self._refused[step_hash] = reason
        self._note(StepUndone(step_hash=step_hash, reason=reason))

    def repeat(self, entry: Entry) -> None:
        """Do again what an entry says. Raises `LogCorrupt`, or `LogDiverged` where it comes out differently."""
        try:
            self._repeat(decode_record(entry.payload))
        except Rejected as error:
            raise LogDiverged(entry.height, f"the engine now refuses a step for {error.reason}") from error
        except (ValueError, BatchRefused) as error:
            raise LogCorrupt(CorruptReason.RECORD, entry.height) from error
        if self.unsaved != [entry.payload]:
            raise LogDiverged(entry.height, "the state is another")
        self.unsaved.clear()

    def drop_empty_segment(self) -> None:
        """Give up an open segment without entries: another may be opened at another clock."""
        if self.assembly.open is not None and self.assembly.open.is_empty:
            self.assembly.open = None

    def _repeat(self, record: Record) -> None:
        segment = self.assembly.open
        match record:
            case SegmentOpened(clock=clock):
                self.drop_empty_segment()
                set_clock(self.state, clock)
                self._enter(clock)
            case StepTaken(step=step) if segment is not None:
                self.accept(step, segment.clock)
            case ForcedTaken(index=index, item=item) if segment is not None and index == len(self.items):
                self.take(decode_item(item), segment.clock)
            case SegmentClosed() if segment is not None:
                self.close()
            case BatchSealed():
                self.seal()
            case BatchPosted(index=index):
                self.post(index)
            case BatchesRecut(index=index, clock=clock) if index == self.assembly.posted_count:
                self.discard(index, clock)
            case StepUndone(step_hash=step_hash, reason=reason) if self._work is not None:
                self._undo(step_hash, reason)
            case RecutMade() if self._work is not None:
                self.recut_made(self._work)
            case _:
                raise ValueError("out of place")

    def recut_made(self, work: Work) -> Recut:
        """Compare what was confirmed before a cut with what came of it; what was told first is what counts."""
        changed: list[Redone] = []
        for digest, receipt in work.receipts.items():
            known = self.redone.pop(digest, None)
            before = receipt if known is None else known.before
            place = self.places.get(digest)
            after = None if place is None else Receipt(place=place, events=tuple(self._events[digest]))
            if after is None or after.events != before.events:
                self.redone[digest] = Redone(before=before, after=after, reason=self._refused.get(digest))
                changed.append(self.redone[digest])
        self._refused.clear()
        self._work = None
        self._note(RecutMade(changed=len(changed)))
        return Recut(cut=work.cut, index=work.index, changed=tuple(changed))

    def _enter(self, clock: int) -> None:
        if self.assembly.open is None:
            self.assembly.begin(clock)
            self._note(SegmentOpened(clock=clock))

    def _note(self, record: Record) -> None:
        self.unsaved.append(encode_record(record))
