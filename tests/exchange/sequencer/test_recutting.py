"""What is cut anew when the settlement chain can never take a batch: nothing lost, nothing silent."""

import pytest

from exchange.engine import invariants
from exchange.rollup import replay
from exchange.sequencer import BatchRefused, Limits, MemoryLog, Sequencer
from exchange.sequencer.assembly import LARGEST_ENTRY
from exchange.sequencer.records import BatchesRecut, RecutMade, StepUndone, decode_record
from exchange.state.hashing import keccak256
from tests.exchange.sequencer.venue import START, Venue, deposit, new_state

LAG = 600


class Halted:
    """One batch is posted; what follows waits, sealed and not, until no block takes it any more."""

    def __init__(self, **options):
        self.venue = venue = Venue(limits=Limits(batch_bytes=LARGEST_ENTRY), **options).ready()
        self.posted = []
        self.post()
        self.receipts = {}
        self.first = self.send(venue.sell(1, 60_100, 5))
        self.second = self.send(venue.buy(2, 60_100, 3))
        self.third = self.send(venue.sell(3, 60_200, 4))
        self.cancelled = self.send(venue.cancel_all(3))
        self.head = venue.sequencer.next_batch()
        self.last = self.send(venue.buy(2, 59_000, 1))

    def send(self, step):
        self.receipts[step] = self.venue.sequencer.submit(step)
        return step

    def post(self):
        batch = self.venue.sequencer.next_batch()
        self.posted.append(batch)
        self.venue.sequencer.confirm_posted(batch.index, batch.commitment())
        return batch

    def halt(self, seconds=2 * LAG):
        self.venue.clock.seconds += seconds

    @property
    def earliest(self):
        return self.venue.clock.now() - LAG // 2

    def recut(self, **options):
        return self.venue.sequencer.recut(self.head.index, **{"earliest": self.earliest, **options})

    def post_all(self):
        while self.venue.sequencer.next_batch() is not None:
            self.post()

    def items(self):
        return [*self.venue.deposits(), deposit(2, self.venue.keys[2].address, number=9)]


def test_what_was_confirmed_keeps_its_order_under_the_present_clock():
    halted = Halted()
    halted.halt()
    before = halted.venue.sequencer.next_batch()
    assert before == halted.head
    made = halted.recut()
    assert (made.index, made.cut, made.changed) == (halted.head.index, 1, ())
    halted.post_all()
    after = halted.posted[1]
    assert (after.index, after.parent_root) == (before.index, before.parent_root)
    assert after.data != before.data
    assert all(segment.clock >= halted.earliest for batch in halted.posted[1:] for segment in batch.segments())
    steps = [step for batch in halted.posted[1:] for segment in batch.segments() for step in segment.steps]
    assert steps == list(halted.receipts)
    assert replay(new_state(), halted.posted, halted.venue.deposits()).is_verified
    invariants.check(halted.venue.state)


def test_the_same_state_as_if_everything_had_been_sent_then():
    halted = Halted()
    halted.halt()
    halted.recut()
    fresh = Venue(limits=Limits(batch_bytes=LARGEST_ENTRY)).ready()
    batch = fresh.sequencer.next_batch()
    fresh.sequencer.confirm_posted(batch.index, batch.commitment())
    fresh.clock.seconds = halted.earliest
    for step in halted.receipts:
        fresh.sequencer.submit(step)
    assert halted.venue.state.commit() == fresh.state.commit()


@pytest.fixture(name="stale")
def _stale(monkeypatch):
    """A venue whose marks are too old at the later clock, so that what was taken then is refused now."""
    monkeypatch.setattr("tests.exchange.sequencer.venue.new_state", _short_lived)
    return Halted()


def _short_lived():
    state = new_state()
    for number, underlying in enumerate(state.underlyings):
        underlying.staleness = 300
        state.dirty_underlyings.add(number)
    state.commit()
    state.forget_before(state.commit_number)
    return state


def test_whose_result_changed_is_told_and_kept(stale):
    told = []
    stale.venue.sequencer.subscribe(told.append)
    stale.halt()
    made = stale.recut()
    refused = {row.before.place.step_hash: row.reason for row in made.changed}
    orders = [stale.first, stale.second, stale.third, stale.last]
    assert refused == {keccak256(step): "StaleMark" for step in orders}
    # The cancel stands: it did what it says, whatever there is to cancel.
    assert stale.venue.sequencer.redone(keccak256(stale.cancelled)) is None
    (notice,) = [one for one in told if one.recut is not None]
    assert notice is told[0]
    assert (notice.recut, notice.step, notice.events) == (made, None, ())
    for step in orders:
        row = stale.venue.sequencer.redone(keccak256(step))
        assert (row.after, row.reason) == (None, "StaleMark")
        assert (row.before.place.sequence, row.before.place.cut) == (stale.receipts[step].sequence, 0)
        assert row.before.events == stale.receipts[step].events
    # None of their nonces is used: sent again with a fresh price they are taken, and the flag is gone.
    for step in stale.venue.prices():
        stale.venue.sequencer.submit(step)
    again = stale.venue.sequencer.submit(stale.first)
    assert again.cut == 1
    assert stale.venue.sequencer.redone(keccak256(stale.first)) is None
    assert stale.venue.sequencer.redone(keccak256(stale.second)).reason == "StaleMark"


def test_queued_items_go_first(stale):
    stale.venue.sequencer.take_forced(3, stale.items()[3:])
    stale.halt()
    stale.recut()
    stale.post_all()
    segments = stale.posted[1].segments()
    assert segments[0].forced_count == 1
    assert not any(segment.forced_count for segment in segments[1:])
    assert stale.venue.sequencer.forced_cursor == 4
    # Taken again it is refused, not executed twice.
    assert stale.venue.sequencer.take_forced(3, stale.items()[3:]) == 0
    assert stale.venue.state.accounts[2].cash == 2 * 10**12


def test_a_batch_that_lacks_an_overdue_item_is_cut_with_it():
    halted = Halted()
    with pytest.raises(BatchRefused, match="Alive"):
        halted.recut(earliest=START, overdue=3)
    halted.venue.sequencer.take_forced(3, halted.items()[3:])
    with pytest.raises(BatchRefused, match="Alive"):
        halted.recut(earliest=START, overdue=2)
    halted.recut(earliest=START, overdue=3)
    halted.post_all()
    assert halted.posted[1].segments()[0].forced_count == 1
    assert replay(new_state(), halted.posted, halted.items()).is_verified


def test_nobody_has_it_cut_on_a_whim():
    halted = Halted()
    for index, error in ((0, "OutOfOrder"), (halted.head.index + 1, "OutOfOrder")):
        with pytest.raises(BatchRefused, match=error):
            halted.venue.sequencer.recut(index, earliest=START + LAG)
    # By the venue's own clock no chain can be that far.
    with pytest.raises(BatchRefused, match="Alive"):
        halted.recut(earliest=halted.venue.clock.now() + 1)
    with pytest.raises(BatchRefused, match="Alive"):
        halted.recut(earliest=START)
    assert halted.venue.sequencer.next_batch() == halted.head
    halted.post_all()
    with pytest.raises(BatchRefused, match="Unknown"):
        halted.recut()


def test_withdrawals_of_batches_that_never_were_are_gone(stale):
    step = stale.send(stale.venue.withdraw(1, 10**6))
    stale.venue.sequencer.flush()
    while len(stale.venue.sequencer._assembly.sealed) < 2:
        stale.send(stale.venue.cancel_all(1))
    made = stale.venue.sequencer
    assert any(made.withdrawals_in(index) for index in (1, 2)) or stale.venue.state.header.withdrawal_count
    stale.halt()
    stale.recut()
    assert made.redone(keccak256(step)) is not None or stale.venue.state.header.withdrawal_count == 1
    with pytest.raises(BatchRefused, match="Unknown"):
        made.withdrawals_in(1)
    stale.post_all()
    assert sum(len(made.withdrawals_in(batch.index)) for batch in stale.posted) == 1


def test_a_second_cut_remembers_what_was_told_first(stale):
    stale.halt()
    stale.recut()
    first = stale.venue.sequencer.redone(keccak256(stale.first))
    stale.venue.sequencer.next_batch()
    stale.halt()
    stale.venue.sequencer.recut(1, earliest=stale.earliest)
    assert stale.venue.sequencer.redone(keccak256(stale.first)) == first
    assert stale.venue.sequencer.submit(stale.venue.cancel_all(1)).cut == 2


@pytest.mark.parametrize("kind", ["plain", "stale"])
def test_killed_anywhere_it_was_cut_or_it_was_not(monkeypatch, kind):
    """One write holds the whole cut: a log that ends before it has the old batches, one that has it the new ones."""
    if kind == "stale":
        monkeypatch.setattr("tests.exchange.sequencer.venue.new_state", _short_lived)
    halted = Halted()
    halted.halt()
    height = halted.venue.log.height
    writes = []
    append = halted.venue.log.append
    halted.venue.log.append = lambda payloads: writes.append(len(payloads)) or append(payloads)
    halted.recut()
    assert len(writes) == 1
    kinds = [type(decode_record(payload)) for payload, _ in halted.venue.log.rows[height:]]
    assert (kinds[0], kinds[-1]) == (BatchesRecut, RecutMade)
    assert (StepUndone in kinds) == (kind == "stale")
    halted.send(halted.venue.cancel_all(2))

    def reopened(rows):
        log = MemoryLog(halted.venue.log.genesis)
        log.rows = list(rows)
        return Venue(limits=Limits(batch_bytes=LARGEST_ENTRY), log=log, clock=halted.venue.clock)

    before = reopened(halted.venue.log.rows[:height])
    assert before.sequencer.next_batch() == halted.head
    after = reopened(halted.venue.log.rows)
    assert after.state.commit() == halted.venue.state.commit()
    for step in halted.receipts:
        digest = keccak256(step)
        assert after.sequencer.redone(digest) == halted.venue.sequencer.redone(digest)
    assert after.sequencer.next_batch() == halted.venue.sequencer.next_batch()
    assert isinstance(after.sequencer, Sequencer)


def test_a_taker_of_many_makers_is_finished_as_before():
    halted = Halted()
    for price in range(60_300, 60_320):
        halted.send(halted.venue.sell(1, price, 1))
    taker = halted.send(halted.venue.buy(2, 60_320, 25))
    halted.halt()
    assert halted.recut().changed == ()
    assert halted.venue.sequencer.redone(keccak256(taker)) is None
    halted.post_all()
    assert replay(new_state(), halted.posted, halted.venue.deposits()).is_verified
