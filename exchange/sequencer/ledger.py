"""State and assembly moving together; every move leaves the record that repeats it."""

from dataclasses import dataclass

from exchange.engine import Event, ForcedItem, Rejected, Signatures, apply_forced, set_clock, try_apply
from exchange.rollup.batch import Batch
from exchange.rollup.forced_items import decode_item, encode_item
from exchange.sequencer.assembly import Assembly, Limits
from exchange.sequencer.errors import BatchRefused, CorruptReason, LogCorrupt, LogDiverged
from exchange.sequencer.log import Entry
from exchange.sequencer.records import (
    BatchPosted,
    BatchSealed,
    ForcedTaken,
    Record,
    SegmentClosed,
    SegmentOpened,
    StepTaken,
    decode_record,
    encode_record,
)
from exchange.state import State, WithdrawalProof
from exchange.state.hashing import keccak256


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a step came to lie: steps executed up to and with it, and the clock of its segment in seconds."""

    sequence: int
    step_hash: bytes
    clock: int


class Ledger:
    """What the log tells, executed. The sequencer decides which move comes next; `repeat` replays those it decided.

    `unsaved` are the records of moves the log does not have yet. `places` are the steps not yet known to be posted, by
    step hash. `items` are the hashes of all forced items taken. `withdrawals` are proofs by batch.
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

    def accept(self, step: bytes, clock: int) -> tuple[Place, list[Event]]:
        """Execute a step in the open segment, or in a new one at `clock`. Raises `Rejected`; then nothing moved."""
        if self.assembly.open is None:
            set_clock(self.state, clock)
        events = try_apply(self.state, step, self._signatures)
        self._enter(clock)
        self.assembly.add_step(step)
        self._note(StepTaken(step=step))
        place = Place(sequence=self.state.header.sequence, step_hash=keccak256(step), clock=clock)
        self.places[place.step_hash] = place
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
        for segment in self.assembly.posted(index).segments():
            for step in segment.steps:
                self.places.pop(keccak256(step), None)
        self.state.forget_before(self._last_commits.pop(index))
        self._note(BatchPosted(index=index))

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
            case _:
                raise ValueError("out of place")

    def _enter(self, clock: int) -> None:
        if self.assembly.open is None:
            self.assembly.begin(clock)
            self._note(SegmentOpened(clock=clock))

    def _note(self, record: Record) -> None:
        self.unsaved.append(encode_record(record))
