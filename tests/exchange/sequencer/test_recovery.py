"""Whatever is cut off the log's end, what remains is replayed to the same state and the same batches."""

import pytest

from exchange.engine import Rejected, apply, apply_forced, set_clock
from exchange.engine.steps import continue_register
from exchange.rollup import decode_item, execute_segment, replay
from exchange.rollup.segment import Segment
from exchange.sequencer import Limits, LogCorrupt, LogDiverged, MemoryLog, SqliteLog
from exchange.sequencer.assembly import LARGEST_ENTRY
from exchange.sequencer.log import chained
from exchange.sequencer.records import (
    BatchPosted,
    BatchSealed,
    ForcedTaken,
    SegmentClosed,
    SegmentOpened,
    StepTaken,
    decode_record,
    encode_record,
)
from tests.exchange.sequencer.venue import Venue, new_state

LIMITS = Limits(batch_bytes=LARGEST_ENTRY)


def scenario(venue):
    """Three stages with everything a log can hold; returns the steps submitted and the batches that were handed out."""
    steps, batches = [], []

    def submit(step):
        steps.append(step)
        venue.sequencer.submit(step)

    def cut(*, post):
        batch = venue.sequencer.next_batch()
        batches.append(batch)
        if post:
            venue.sequencer.confirm_posted(batch.index, batch.commitment())

    venue.sequencer.take_forced(0, venue.deposits()[:2])
    for step in venue.prices():
        submit(step)
    venue.sequencer.take_forced(2, venue.deposits()[2:])
    cut(post=True)
    for price in range(60_001, 60_019):
        submit(venue.sell(1, price, 1))
    submit(venue.buy(2, 60_018, 20))
    venue.clock.seconds += 4
    venue.sequencer.tick()
    submit(venue.withdraw(3, 10**6))
    for price in range(59_000, 59_020):
        submit(venue.buy(3, price, 1))
    cut(post=False)
    submit(venue.cancel_all(3))
    submit(venue.withdraw(1, 10**6))
    return steps, batches


def expected(payloads):
    """State after the records, and segments by batch, worked out apart from the sequencer."""
    state, closed, batches, current = new_state(), [], [], None
    for record in map(decode_record, payloads):
        match record:
            case SegmentOpened(clock=clock):
                current = (clock, [], [])
            case ForcedTaken(item=item):
                current[1].append(decode_item(item))
            case StepTaken(step=step):
                current[2].append(step)
            case SegmentClosed(root=root):
                clock, items, steps = current
                closed.append(Segment(clock=clock, forced_count=len(items), steps=tuple(steps)))
                assert execute_segment(state, closed[-1], items).root == root
                current = None
            case BatchSealed():
                batches.append(tuple(closed))
                closed = []
    finish(state, *(current or (state.header.clock, [], [])))
    return state, batches


def finish(state, clock, items, steps):
    """Execute what no root was claimed for yet, and what has to follow it."""
    set_clock(state, clock)
    for item in items:
        apply_forced(state, item)
    for step in steps:
        apply(state, step)
    for market, leaf in enumerate(state.markets):
        while leaf.register:
            apply(state, continue_register(market))


def cut_log(log, height):
    shorter = MemoryLog(log.genesis)
    shorter.rows = log.rows[:height]
    return shorter


@pytest.fixture(scope="module")
def original():
    venue = Venue(limits=LIMITS)
    steps, batches = scenario(venue)
    return venue, steps, batches


def test_the_scenario_has_every_record_and_an_open_end(original):
    venue, _, batches = original
    records = [decode_record(payload) for payload, _ in venue.log.rows]
    assert {type(record) for record in records} == {
        SegmentOpened,
        ForcedTaken,
        StepTaken,
        SegmentClosed,
        BatchSealed,
        BatchPosted,
    }
    assert isinstance(records[-1], StepTaken)
    assert len(batches) == 2
    assert venue.sequencer._assembly.next_index > 1


def test_a_log_cut_at_any_record_recovers_what_it_says(original):
    venue, _, _ = original
    indices = [decode_record(payload) for payload, _ in venue.log.rows]
    sealed = {batch.index: batch for batch in venue.sequencer._assembly.sealed}
    for height in range(len(venue.log.rows) + 1):
        log = cut_log(venue.log, height)
        kept = [payload for payload, _ in log.rows]
        again = Venue(limits=LIMITS, log=log, clock=venue.clock)
        state, batches = expected(kept)
        # An empty segment that was opened moved the clock; so did the recovered sequencer, or it will.
        again.state.header.clock = state.header.clock = venue.clock.now()
        assert again.state.commit() == state.commit(), height
        posted = sum(isinstance(record, BatchPosted) for record in indices[:height])
        assert again.sequencer.posted_batches == posted, height
        assert [batch.segments() for batch in again.sequencer._assembly.sealed] == batches[posted:], height
        for batch in again.sequencer._assembly.sealed:
            assert sealed.get(batch.index, batch) == batch, height


def test_after_any_cut_everything_sent_again_leads_to_the_same_state(original):
    venue, steps, _ = original
    whole = Venue(limits=LIMITS, log=cut_log(venue.log, len(venue.log.rows)), clock=venue.clock)
    whole.sequencer.flush()
    for height in range(0, len(venue.log.rows), 3):
        again = Venue(limits=LIMITS, log=cut_log(venue.log, height), clock=venue.clock)
        again.sequencer.take_forced(0, again.deposits())
        outcomes = again.sequencer.submit_many(steps)
        refused = {outcome.reason.value for outcome in outcomes if isinstance(outcome, Rejected)}
        assert refused <= {"NonceUsed", "ReportNotNewer", "NothingToReprice"}, height
        again.sequencer.flush()
        assert again.state.root == whole.state.root, height


def test_a_batch_handed_out_is_the_same_after_a_crash(original):
    venue, _, batches = original
    compared = set()
    for height in range(len(venue.log.rows) + 1):
        log = cut_log(venue.log, height)
        again = Venue(limits=LIMITS, log=log, clock=venue.clock)
        handed_out = {
            record.index for record in map(decode_record, (row[0] for row in log.rows)) if type(record) is BatchSealed
        }
        again.nonce += 1_000
        if len(again.state.accounts) > 1 and again.state.header.sequence > 8:
            again.sequencer.submit(again.cancel_all(1))
        batch = again.sequencer.next_batch()
        for known in batches:
            if known.index in handed_out and known.index >= again.sequencer.posted_batches:
                assert batch == known, height
                compared.add(known.index)
    assert compared == {0, 1}


def test_what_was_recovered_replays_to_its_claims(original):
    venue, _, batches = original
    again = Venue(limits=LIMITS, log=cut_log(venue.log, len(venue.log.rows) - 1), clock=venue.clock)
    posted = [batches[0]]
    while (batch := again.sequencer.next_batch()) is not None:
        posted.append(batch)
        again.sequencer.confirm_posted(batch.index, batch.commitment())
    assert replay(new_state(), posted, again.deposits()).is_verified
    proofs = [proof.withdrawal.id for each in posted for proof in again.sequencer.withdrawals_in(each.index)]
    assert proofs == [0]


def test_a_register_left_open_by_a_cut_is_finished_on_recovery(original):
    venue, _, _ = original
    rows = [decode_record(payload) for payload, _ in venue.log.rows]
    first_continue = next(at for at, row in enumerate(rows) if isinstance(row, StepTaken) and row.step[0] == 7)
    log = cut_log(venue.log, first_continue)
    again = Venue(limits=LIMITS, log=log, clock=venue.clock)
    assert again.state.markets[0].register == 0
    assert log.height > first_continue


def opened_and_cut(original):
    """The log up to and with the second segment's opening, which is then still empty."""
    venue, _, _ = original
    records = [decode_record(payload) for payload, _ in venue.log.rows]
    openings = [at for at, record in enumerate(records) if isinstance(record, SegmentOpened)]
    assert isinstance(records[openings[1] - 1], SegmentClosed)
    return cut_log(venue.log, openings[1] + 1)


def test_a_segment_opened_and_never_filled_can_be_opened_at_another_time(original):
    log = opened_and_cut(original)
    again = Venue(limits=LIMITS, log=log, clock=original[0].clock)
    again.clock = type(again.clock)(again.clock.seconds + 9)
    again.reopen(log)
    again.sequencer.take_forced(2, again.deposits()[2:])
    batch = again.sequencer.next_batch()
    assert [segment.clock - batch.segments()[0].clock for segment in batch.segments()] == [0, 13]
    root = again.state.root
    again.reopen(log)
    assert (again.state.root, again.sequencer.next_batch()) == (root, batch)


def test_a_segment_opened_and_never_filled_is_no_part_of_a_batch(original):
    log = opened_and_cut(original)
    again = Venue(limits=LIMITS, log=log, clock=original[0].clock)
    batch = again.sequencer.next_batch()
    assert len(batch.segments()) == 1
    again.reopen(log)
    assert again.sequencer.next_batch() == batch


def test_a_crash_between_any_two_writes_of_the_file_is_recovered(tmp_path):
    genesis = new_state().root
    path = tmp_path / "log.db"
    snapshots = []

    class SnapshotLog(SqliteLog):
        def append(self, payloads):
            height = super().append(payloads)
            files = {suffix: path.with_name(f"log.db{suffix}").read_bytes() for suffix in ("", "-wal")}
            snapshots.append((height, files))
            return height

    log = SnapshotLog(path, genesis)
    venue = Venue(limits=LIMITS, log=log)
    scenario(venue)
    payloads = [entry.payload for entry in log.read()]
    log.close()
    assert snapshots[-1][0] == len(payloads)
    for number, (height, files) in enumerate(snapshots[::5] + snapshots[-1:]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for suffix, content in files.items():
            (folder / f"log.db{suffix}").write_bytes(content)
        reopened = SqliteLog(folder / "log.db", genesis)
        assert [entry.payload for entry in reopened.read()] == payloads[:height]
        again = Venue(limits=LIMITS, log=reopened, clock=venue.clock)
        state, _ = expected(payloads[:height])
        again.state.header.clock = state.header.clock = venue.clock.now()
        assert again.state.commit() == state.commit()
        again.sequencer.close()


def rechained(log, payloads):
    forged = MemoryLog(log.genesis)
    forged.rows = [(entry.payload, entry.digest) for entry in chained(log.genesis, 0, payloads)]
    return forged


def test_an_edited_log_is_refused_even_with_its_chain_made_again(original):
    venue, _, _ = original
    payloads = [payload for payload, _ in venue.log.rows]
    records = [decode_record(payload) for payload in payloads]
    step = next(at for at, record in enumerate(records) if isinstance(record, StepTaken) and record.step[0] == 1)
    closed = next(at for at, record in enumerate(records) if isinstance(record, SegmentClosed))
    sealed = next(at for at, record in enumerate(records) if isinstance(record, BatchSealed))
    for at, changed, error in [
        (step, payloads[step][:-1] + bytes([55 - payloads[step][-1]]), "refuses a step for BadSignature"),
        (closed, b"\x04" + bytes(32), "the state is another"),
        (sealed, payloads[sealed][:-1] + bytes([payloads[sealed][-1] ^ 1]), "the state is another"),
        (sealed, encode_record(BatchSealed(index=1, commitment=bytes(32))), "the state is another"),
    ]:
        with pytest.raises(LogDiverged, match=f"{error} at height {at}"):
            Venue(limits=LIMITS, log=rechained(venue.log, [*payloads[:at], changed, *payloads[at + 1 :]]))


@pytest.mark.parametrize(
    ("prefix", "payload"),
    [
        (0, b""),
        (0, b"\x09"),
        (0, encode_record(StepTaken(step=b"x"))),
        (0, encode_record(SegmentClosed(root=bytes(32)))),
        (0, encode_record(BatchSealed(index=0, commitment=bytes(32)))),
        (0, encode_record(BatchPosted(index=0))),
        (0, encode_record(SegmentOpened(clock=1))),
        (1, encode_record(SegmentClosed(root=bytes(32)))),
        (1, encode_record(ForcedTaken(index=1, item=bytes(224)))),
        (1, encode_record(ForcedTaken(index=0, item=bytes(223)))),
        (2, encode_record(SegmentOpened(clock=2**64 - 1))),
    ],
)
def test_records_out_of_place_are_refused(original, prefix, payload):
    venue, _, _ = original
    payloads = [kept for kept, _ in venue.log.rows[:prefix]]
    with pytest.raises((LogCorrupt, LogDiverged)) as caught:
        Venue(limits=LIMITS, log=rechained(venue.log, [*payloads, payload]))
    assert caught.value.height == prefix
