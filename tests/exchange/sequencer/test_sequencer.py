"""Steps get a place, a durable one, and a signed word for it; refused ones leave no trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine import Filled, OrderPlaced, Reason, Rejected, StepKind
from exchange.engine.steps import reprice
from exchange.sequencer import (
    Confirmation,
    CorruptReason,
    ForcedItemRefused,
    Limits,
    LogCorrupt,
    MemoryLog,
    OperatorKey,
    Sequencer,
    Unavailable,
    recover_operator,
)
from exchange.state import TimeInForce
from exchange.state.hashing import keccak256
from tests.exchange.sequencer.venue import BTC, OPERATOR_KEY, START, TestClock, Venue, deposit, new_state


class FailingLog(MemoryLog):
    """Fails to append when told; counts appends."""

    def __init__(self, genesis):
        super().__init__(genesis)
        self.fails = False
        self.appends = 0

    def append(self, payloads):
        if self.fails:
            raise Unavailable("LogFailed")
        self.appends += 1
        return super().append(payloads)


@pytest.fixture
def venue():
    return Venue().ready()


def steps_of(venue):
    batch = venue.sequencer.next_batch()
    return [step for segment in batch.segments() for step in segment.steps]


# Confirmations


def test_an_accepted_step_is_confirmed_by_the_operator(venue):
    step = venue.sell(1, 60_000, 5)
    before = venue.state.header.sequence
    confirmation = venue.sequencer.submit(step)
    assert confirmation.sequence == venue.state.header.sequence == before + 1
    assert confirmation.step_hash == keccak256(step)
    assert confirmation.clock == START
    assert recover_operator(confirmation, venue.domain) == OperatorKey(OPERATOR_KEY, venue.domain).address
    assert [type(event) for event in confirmation.events] == [OrderPlaced]
    assert venue.log.rows[-1][0] == b"\x03" + step


def test_a_refused_step_leaves_no_trace(venue):
    height, sequence, backlog = venue.log.height, venue.state.header.sequence, venue.sequencer.backlog_bytes
    far_too_large = venue.buy(1, 60_000, 10**8)
    for step, reason in [
        (far_too_large, Reason.INSUFFICIENT_MARGIN),
        (far_too_large[:-1] + b"\x00", Reason.BAD_SIGNATURE),
        (reprice(BTC), Reason.NOTHING_TO_REPRICE),
        (b"", Reason.MALFORMED),
        (bytes(10**6), Reason.MALFORMED),
    ]:
        with pytest.raises(Rejected) as caught:
            venue.sequencer.submit(step)
        assert caught.value.reason is reason
    assert (venue.log.height, venue.state.header.sequence, venue.sequencer.backlog_bytes) == (height, sequence, backlog)


FUZZED = Venue().ready()


@given(st.binary(max_size=200) | st.binary(min_size=1, max_size=200).map(lambda raw: bytes([raw[0] % 10]) + raw[1:]))
def test_arbitrary_bytes_are_refused_without_a_trace(raw):
    height = FUZZED.log.height
    with pytest.raises(Rejected):
        FUZZED.sequencer.submit(raw)
    assert FUZZED.log.height == height


def test_an_order_that_meets_many_is_finished_by_generated_steps(venue):
    for price in range(60_001, 60_021):
        venue.sequencer.submit(venue.sell(1, price, 1))
    confirmation = venue.sequencer.submit(venue.buy(2, 60_020, 25))
    assert venue.state.markets[BTC].register == 0
    assert sum(isinstance(event, Filled) for event in confirmation.events) == 20
    assert isinstance(confirmation.events[-1], OrderPlaced)
    assert confirmation.sequence == venue.state.header.sequence - 2
    kinds = [step[0] for step in steps_of(venue)]
    assert kinds[-3:] == [StepKind.PLACE_ORDER, StepKind.CONTINUE, StepKind.CONTINUE]


def test_a_step_sent_again_gets_its_confirmation_again_until_it_is_posted(venue):
    step = venue.sell(1, 60_000, 5)
    first = venue.sequencer.submit(step)
    height = venue.log.height
    again = venue.sequencer.submit(step)
    assert (again.sequence, again.signature, again.events) == (first.sequence, first.signature, ())
    assert venue.log.height == height
    batch = venue.sequencer.next_batch()
    assert venue.sequencer.submit(step).signature == first.signature
    venue.sequencer.confirm_posted(batch.index, batch.commitment())
    with pytest.raises(Rejected, match="NonceUsed"):
        venue.sequencer.submit(step)


def test_an_unsigned_step_sent_again_is_judged_again(venue):
    assert reprice(BTC) in steps_of(venue)
    with pytest.raises(Rejected, match="NothingToReprice"):
        venue.sequencer.submit(reprice(BTC))


def test_a_group_is_one_write_with_an_outcome_each():
    venue = Venue(log=FailingLog(new_state().root)).ready()
    appends = venue.log.appends
    good, bad, fills = venue.sell(1, 60_000, 5), b"junk", venue.buy(2, 60_000, 5)
    outcomes = venue.sequencer.submit_many([good, bad, fills])
    assert [type(each) for each in outcomes] == [Confirmation, Rejected, Confirmation]
    assert outcomes[0].step_hash == keccak256(good)
    assert outcomes[1].reason is Reason.MALFORMED
    assert isinstance(outcomes[2].events[0], Filled)
    assert venue.log.appends == appends + 1
    assert venue.sequencer.submit_many([]) == []
    assert venue.log.appends == appends + 1


# Segments


def test_a_segment_holds_32_steps(venue):
    for price in range(59_000, 59_070):
        venue.sequencer.submit(venue.buy(1, price, 1))
    segments = venue.sequencer.next_batch().segments()
    assert [(segment.forced_count, len(segment.steps)) for segment in segments] == [(3, 29), (0, 32), (0, 13)]


def test_a_segment_ends_when_time_moves_on():
    venue = Venue().ready()
    venue.clock.seconds += 5
    venue.sequencer.submit(venue.buy(1, 59_000, 1))
    venue.clock.seconds -= 3
    assert venue.sequencer.submit(venue.buy(1, 59_001, 1)).clock == START + 5
    venue.clock.seconds += 3
    assert venue.sequencer.tick() is False
    venue.clock.seconds += 1
    assert venue.sequencer.tick() is True
    assert venue.sequencer.tick() is False
    venue.sequencer.submit(venue.buy(1, 59_002, 1))
    segments = venue.sequencer.next_batch().segments()
    assert [(segment.clock - START, len(segment.steps)) for segment in segments] == [(0, 4), (5, 2), (6, 1)]


def test_flush_ends_a_segment_once(venue):
    assert venue.sequencer.flush() is True
    assert venue.sequencer.flush() is False
    venue.sequencer.submit(venue.buy(1, 59_000, 1))
    assert [len(segment.steps) for segment in venue.sequencer.next_batch().segments()] == [4, 1]


def test_a_refused_step_at_a_new_time_opens_nothing(venue):
    venue.clock.seconds += 5
    with pytest.raises(Rejected):
        venue.sequencer.submit(b"junk")
    batch = venue.sequencer.next_batch()
    assert [segment.clock for segment in batch.segments()] == [START]
    venue.sequencer.confirm_posted(0, batch.commitment())
    assert venue.sequencer.next_batch() is None


# Forced items


def test_forced_items_are_taken_in_order_and_once():
    venue = Venue()
    items = venue.deposits()
    assert venue.sequencer.take_forced(0, items[:2]) == 2
    assert venue.sequencer.take_forced(0, items) == 1
    assert venue.sequencer.take_forced(1, items[1:]) == 0
    assert venue.sequencer.take_forced(0, []) == 0
    assert venue.sequencer.forced_cursor == venue.state.header.queue_cursor == 3
    assert [account.cash for account in venue.state.accounts.values()] == [0, 10**12, 10**12, 10**12]


def test_a_gap_or_another_item_takes_nothing():
    venue = Venue()
    items = venue.deposits()
    venue.sequencer.take_forced(0, items[:1])
    height = venue.log.height
    with pytest.raises(ForcedItemRefused, match="Gap: item 2, next is 1"):
        venue.sequencer.take_forced(2, items[2:])
    with pytest.raises(ForcedItemRefused, match="Conflict: item 0, next is 1"):
        venue.sequencer.take_forced(0, [items[1], items[1]])
    assert (venue.log.height, venue.sequencer.forced_cursor) == (height, 1)
    assert venue.sequencer.take_forced(0, items) == 2


def test_forced_items_run_before_the_steps_of_their_segment():
    venue = Venue().ready()
    more = [deposit(account, bytes([account]) * 20, number=account) for account in range(4, 44)]
    venue.sequencer.take_forced(3, more)
    venue.sequencer.submit(venue.buy(1, 59_000, 1))
    segments = venue.sequencer.next_batch().segments()
    assert [(segment.forced_count, len(segment.steps)) for segment in segments] == [(3, 4), (32, 0), (8, 1)]


# Backlog


def test_a_full_backlog_pushes_back_until_batches_are_posted():
    venue = Venue(limits=Limits(backlog_bytes=3_000)).ready()
    taken, refused = 0, None
    while refused is None:
        try:
            venue.sequencer.submit(venue.buy(1, 50_000 + taken, 1))
            taken += 1
        except Unavailable as unavailable:
            refused = unavailable
    assert refused.reason.value == "BacklogFull"
    assert taken > 5
    assert venue.sequencer.backlog_bytes <= 3_000
    step = venue.buy(1, 49_000, 1)
    assert str(venue.sequencer.submit_many([step])[0]) == "BacklogFull"
    assert venue.sequencer.take_forced(3, [deposit(4, b"\x04" * 20)]) == 1
    batch = venue.sequencer.next_batch()
    with pytest.raises(Unavailable, match="BacklogFull"):
        venue.sequencer.submit(step)
    venue.sequencer.confirm_posted(0, batch.commitment())
    assert venue.sequencer.backlog_bytes == 0
    assert venue.sequencer.submit(step).step_hash == keccak256(step)


# Watching, and failing


def test_subscribers_hear_what_is_durable_and_nothing_else():
    venue = Venue(log=FailingLog(new_state().root))
    heard = []

    def hear(notice):
        heard.append((notice, venue.log.height))

    leave = venue.sequencer.subscribe(hear)
    venue.ready()
    step = venue.sell(1, 60_000, 5)
    with pytest.raises(Rejected):
        venue.sequencer.submit(b"junk")
    confirmation = venue.sequencer.submit(step)
    notice, height = heard[-1]
    assert (notice.sequence, notice.clock, notice.step, notice.forced_index) == (8, START, step, None)
    assert notice.events == confirmation.events
    assert height == venue.log.height
    assert [each.forced_index for each, _ in heard] == [0, 1, 2, None, None, None, None, None]
    assert [each.sequence for each, _ in heard] == list(range(1, 9))
    venue.log.fails = True
    with pytest.raises(Unavailable, match="LogFailed"):
        venue.sequencer.submit(venue.buy(2, 60_000, 5))
    assert len(heard) == 8
    leave()


def test_a_log_that_fails_stops_everything_and_loses_only_what_nobody_was_told():
    venue = Venue(log=FailingLog(new_state().root)).ready()
    resting = venue.sell(1, 60_000, 5)
    venue.sequencer.submit(resting)
    sequence = venue.state.header.sequence
    venue.log.fails = True
    unconfirmed = venue.buy(2, 60_000, 5)
    with pytest.raises(Unavailable, match="LogFailed"):
        venue.sequencer.submit_many([unconfirmed, b"junk"])
    venue.log.fails = False
    for call in (
        lambda: venue.sequencer.submit(venue.buy(2, 59_000, 5)),
        lambda: venue.sequencer.take_forced(3, []),
        venue.sequencer.flush,
        venue.sequencer.next_batch,
    ):
        with pytest.raises(Unavailable, match="LogFailed"):
            call()
    venue.reopen(venue.log)
    assert venue.state.header.sequence == sequence
    assert isinstance(venue.sequencer.submit(unconfirmed).events[0], Filled)


def test_a_closed_sequencer_takes_nothing(venue):
    venue.sequencer.close()
    with pytest.raises(Unavailable):
        venue.sequencer.submit(venue.buy(1, 59_000, 1))


def test_a_log_that_starts_elsewhere_is_refused():
    state = new_state()
    with pytest.raises(LogCorrupt) as caught:
        Sequencer(state, MemoryLog(bytes(32)), OperatorKey(OPERATOR_KEY, state.domain), TestClock())
    assert caught.value.reason is CorruptReason.FOREIGN


def test_immediate_orders_rest_nothing(venue):
    confirmation = venue.sequencer.submit(venue.buy(1, 60_000, 5, tif=TimeInForce.IOC))
    assert not any(isinstance(event, OrderPlaced) for event in confirmation.events)
